"""The recordings that are shipped: their form, their texts, and where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from ruamel.yaml import YAML

PROJECT = Path(__file__).resolve().parents[2] / "scenarios"
AUDIO = PROJECT / "audio"
KNOWN = sorted((AUDIO / "known").glob("*.flac"))
NOISE = sorted((AUDIO / "noise").glob("*.flac"))
CLIPS = sorted(set(AUDIO.rglob("*.flac")) - set(KNOWN) - set(NOISE))
CALLER_CLIPS = [clip for clip in CLIPS if clip.parent.name == "caller"]
AGENT_CLIPS = [clip for clip in CLIPS if clip.parent.name == "agent"]
SILENCE = 10 ** (-45 / 20)


def samples(clip: Path) -> NDArray[np.float64]:
    """Read a clip."""
    read: NDArray[np.float64] = soundfile.read(clip)[0]
    return read


def recordings_in(written: Any) -> list[dict[str, Any]]:
    """Find every mapping of a document that has `audio`."""
    if isinstance(written, dict):
        inner = [found for value in written.values() for found in recordings_in(value)]
        return [written, *inner] if "audio" in written else inner
    return [found for item in written for found in recordings_in(item)] if isinstance(written, list) else []


def documents(pattern: str) -> list[tuple[Path, Any]]:
    """Read the YAML files of the example project."""
    return [(path, YAML(typ="safe").load(path)) for path in sorted(PROJECT.glob(pattern))]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: f"{clip.parent.name}/{clip.stem}")
def test_clip_has_the_form_of_a_telephone(clip: Path) -> None:
    """A clip is 16-bit mono FLAC at 8 kHz, loud enough, and not clipped."""
    form = soundfile.info(clip)
    peak = np.abs(samples(clip)).max()

    assert (form.samplerate, form.channels) == (8_000, 1)
    assert (form.format, form.subtype) == ("FLAC", "PCM_16")
    assert 0.3 < peak < 0.9


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: f"{clip.parent.name}/{clip.stem}")
def test_text_stands_beside_every_clip(clip: Path) -> None:
    """What is said in a clip stands in a text file of its name."""
    assert clip.with_suffix(".txt").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("clip", AGENT_CLIPS, ids=lambda clip: clip.stem)
def test_agent_begins_to_speak_at_once(clip: Path) -> None:
    """An agent's clip has at most 20 ms of silence before its first word."""
    frames = samples(clip)[: 8 * 30].reshape(-1, 80)

    assert np.sqrt((frames**2).mean(axis=1)).max() > SILENCE


def test_clips_are_small_together() -> None:
    """All recordings together are at most 2 MB."""
    assert sum(path.stat().st_size for path in AUDIO.rglob("*.*")) <= 2_000_000


def test_provenance_names_every_clip() -> None:
    """The provenance has exactly one row for every clip."""
    rows = [
        row.split("`")[1] for row in (AUDIO / "PROVENANCE.md").read_text().splitlines() if row[:3] == "| `"
    ]

    assert sorted(rows) == [clip.relative_to(AUDIO).as_posix() for clip in CLIPS]


def test_agents_say_what_their_recordings_say() -> None:
    """The words of an agent script are those of the recording that it plays."""
    spoken = [
        (found["say"], (path.parent / found["audio"]).with_suffix(".txt").read_text(encoding="utf-8").strip())
        for path, document in documents("agents/*.yaml")
        for found in recordings_in(document)
    ]

    assert len(spoken) > 15
    for said, recorded in spoken:
        assert said.strip() == recorded


def test_agents_know_every_callers_clip_by_a_recording_of_their_own() -> None:
    """What agents list as heard are the words of the caller's clips, by recordings of the same names."""
    heard = {
        (path.parent / written).resolve(): words
        for path, document in documents("agents/*.yaml")
        for written, words in document["heard"].items()
    }

    assert heard == {
        AUDIO / "known" / clip.name: clip.with_suffix(".txt").read_text(encoding="utf-8").strip()
        for clip in CALLER_CLIPS
    }
    assert {soundfile.info(clip).samplerate for clip in KNOWN} == {16_000}


def test_every_clip_is_played() -> None:
    """No clip is shipped that no scenario and no agent plays."""
    played = {
        (path.parent / found["audio"]).resolve()
        for pattern in ("*.yaml", "agents/*.yaml", "cookbook/agents/*.yaml")
        for path, document in documents(pattern)
        for found in recordings_in(document)
    }

    assert played == set(CLIPS)


def test_callers_clips_differ() -> None:
    """No two clips of callers are alike, so that a listener can tell them by their sound."""
    alike = [
        (one.stem, other.stem)
        for place, one in enumerate(CALLER_CLIPS)
        for other in CALLER_CLIPS[place + 1 :]
        if likeness(samples(one), samples(other)) > 0.4
    ]

    assert alike == []


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the largest normalised correlation at any shift."""
    size = one.size + other.size
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    largest = np.abs(np.fft.irfft(spectrum, size)).max()
    return float(largest / np.sqrt((one**2).sum() * (other**2).sum()))
