"""Build the wheel through the sdist, install it into an empty environment, and run a copied scenario.

What this proves: the distributions hold what they must, the base install is enough to run, the command works
on a scenario folder that lies anywhere, and what needs an extra says which line installs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEAKS = """
scenario: Hello
target: {agent: agent.yaml, protocol: twilio}
turns: [{caller: {say: hello}, expect: {says: hello}}]
"""
# What asks for something that the base install does not have, and the line that brings it.
LACKING = {
    "tts": ["--speech", "nanotts"],
    "stt": ["--transcription", "whisper"],
    "grammar": ["--transcription", "grammar"],
    "vad": ["--voice-activity", "silero"],
}
WRITTEN = {
    "intent": "engines: {intents: {engine: use}}\n",
    "tts": "engines: {speech: nanotts}\n",
    "stt": "engines: {transcription: whisper}\n",
    "vad": "engines: {voice_activity: silero}\n",
    "asgi": "targets: {app: {protocol: twilio, asgi: 'app:app'}}\n",
}
USAGE_EXIT = 2
VIRTUAL = ("mailbox.yaml", "rover.yaml", "dictation.yaml", "editor.yaml")


def main() -> int:
    """Exit with 0 when the installed command ran the copied scenarios and all of them held."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sdist, wheel = _built(folder / "dist")
        _look_inside(sdist, wheel)
        turnspec = _installed(wheel, folder / "empty")
        copy = folder / "anywhere" / "scenarios"
        shutil.copytree(ROOT / "scenarios", copy, ignore=shutil.ignore_patterns("__pycache__"))
        paths = [str(copy / name) for name in VIRTUAL]
        _run([str(turnspec), "run", *paths, "-o", str(folder / "report")], cwd=folder)
        missing = [name for name in ("junit.xml", "report.html") if not (folder / "report" / name).is_file()]
        assert not missing, f"no {missing}"
        _ask_for_extras(turnspec, folder / "asking")
    print("built, installed into an empty environment, and used there")
    return 0


def _built(folder: Path) -> tuple[Path, Path]:
    # `build` makes the sdist, and the wheel from that sdist, in isolated environments.
    _run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], cwd=ROOT)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def _look_inside(sdist: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "turnspec/__init__.py" not in names, "turnspec must stay a namespace"
    assert any(name.endswith("templates/report.html.j2") or "/templates/" in name for name in names)
    assert not any(name.startswith("scenarios/") or name.endswith(".flac") for name in names), (
        "audio in the wheel"
    )
    with tarfile.open(sdist) as source:
        files = source.getnames()
    assert any(name.endswith(".flac") for name in files), "the sdist lacks the scenarios' audio"


def _installed(wheel: Path, folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    constraints = ["-c", str(ROOT / "constraints.txt")]
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _run([*pip, *constraints, str(wheel)], cwd=folder)
    return folder / "bin" / "turnspec"


def _ask_for_extras(turnspec: Path, folder: Path) -> None:
    """Each of them is refused with the line that installs it; so is speech where no program can make it."""
    folder.mkdir()
    (folder / "agent.yaml").write_text("agent: Bank\notherwise: {say: hello}\n", encoding="utf-8")
    scenario = folder / "hello.yaml"
    scenario.write_text(SPEAKS, encoding="utf-8")
    project = folder / "turnspec.yaml"
    for extra, options in LACKING.items():
        _refused([str(turnspec), "run", str(scenario), *options], folder, extra)
    _refused([str(turnspec), "run", str(scenario)], folder, "tts")
    for extra, written in WRITTEN.items():
        project.write_text(f"version: 1\n{written}", encoding="utf-8")
        target = ["-t", "app"] if extra == "asgi" else []
        _refused([str(turnspec), "run", str(scenario), *target], folder, extra)


def _refused(command: list[str], cwd: Path, extra: str) -> None:
    alone = {**os.environ, "PATH": str(Path(command[0]).parent)}  # without voices that are programs
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=alone)
    told = done.stdout + done.stderr
    line = f"pip install 'turnspec[{extra}]'"
    assert done.returncode == USAGE_EXIT, f"{command} gave {done.returncode}:\n{told}"
    assert line in told, f"{command} should say {line}:\n{told}"


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
        raise SystemExit(f"failed ({done.returncode}): {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
