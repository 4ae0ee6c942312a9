"""Nothing in the documentation leads nowhere, and every page can be reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support_docs import PAGES, REPOSITORY, anchors, blocks, code_words, links, page_name, prose

DOCS = REPOSITORY / "docs"


def _led_to(page: Path, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    """Each relative link leads to a file of the repository, and its anchor to a heading there."""
    for link in links(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, anchor = _led_to(page, link)

        assert path.exists(), f"{page_name(page)}: {link}"
        assert path.is_relative_to(REPOSITORY)
        assert not anchor or anchor in anchors(path), f"{page_name(page)}: {link}"


def test_every_page_is_reached_from_the_start() -> None:
    """From the README, by links alone, a reader comes to every page of docs/."""
    reached: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        led_to = (_led_to(page, link)[0] for link in links(page) if "://" not in link)
        waiting.extend(path for path in led_to if path.suffix == ".md" and path not in reached)

    assert set(DOCS.rglob("*.md")) <= reached


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target that a page tells of is one of the Makefile."""
    told = [
        command
        for block in blocks(page, "sh") + blocks(page, "console")
        for command in block.text.splitlines()
    ]
    told += code_words(prose(page))
    targets = set(re.findall(r"(?m)^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8")))

    assert {found[1] for text in told if (found := re.match(r"(?:\$ )?make ([a-z-]+)", text))} <= targets


def test_the_picture_is_small() -> None:
    """The README's picture is a PNG of less than 200 kB."""
    picture = (DOCS / "images" / "report.png").read_bytes()

    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000
