"""Compiled templates that are kept between runs."""

from __future__ import annotations

from pathlib import Path

from jinja2 import DictLoader, Environment

from turnspec.reports.html.compiled import CompiledTemplates


def rendered(folder: Path, source: str, options: str = "") -> str:
    """A template filled by an environment of its own, which knows only what the folder holds."""
    cache = CompiledTemplates(options, folder, keep=True)
    return (
        Environment(loader=DictLoader({"t": source}), autoescape=True, bytecode_cache=cache)
        .get_template("t")
        .render(name="<Ada>")
    )


def test_a_template_is_compiled_once(tmp_path: Path) -> None:
    """The second environment takes what the first one kept, and fills it alike."""
    first = rendered(tmp_path, "Hello {{ name }}")
    (kept,) = tmp_path.iterdir()
    written_ns = kept.stat().st_mtime_ns

    assert rendered(tmp_path, "Hello {{ name }}") == first == "Hello &lt;Ada&gt;"
    assert kept.stat().st_mtime_ns == written_ns


def test_a_changed_template_is_compiled_again(tmp_path: Path) -> None:
    """What another source made is not taken for this one."""
    rendered(tmp_path, "Hello {{ name }}")

    assert rendered(tmp_path, "Bye {{ name }}") == "Bye &lt;Ada&gt;"


def test_other_options_are_another_template(tmp_path: Path) -> None:
    """Options are compiled in, so each set of them is kept by itself."""
    rendered(tmp_path, "Hello {{ name }}", "one")
    rendered(tmp_path, "Hello {{ name }}", "two")

    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    """A file cut short by a crash is compiled anew."""
    rendered(tmp_path, "Hello {{ name }}")
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])

    assert rendered(tmp_path, "Hello {{ name }}") == "Hello &lt;Ada&gt;"
    assert kept.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    """As with modules, it only takes longer."""
    (tmp_path / "file").write_text("")

    assert rendered(tmp_path / "file" / "folder", "Hello {{ name }}") == "Hello &lt;Ada&gt;"
