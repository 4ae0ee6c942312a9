"""What recordings may be: any format, rate and channels; never aliased, kept only while they hold."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from turnspec.audio.files import _Clips, load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import Track

SECONDS = 1.5
FORMATS = [
    *(
        ("WAV", subtype)
        for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
    ),
    ("WAV", "IMA_ADPCM"),
    ("WAV", "MS_ADPCM"),
    ("WAV", "GSM610"),
    *(("WAVEX", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW")),
    ("RF64", "PCM_16"),
    *(("FLAC", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24")),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


def tone(rate_hz: int, hz: float) -> NDArray[np.float64]:
    """A tone at half scale."""
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * SECONDS)) / rate_hz)


def level_at(track: Track, hz: float) -> float:
    """How loud the middle of a track is near a frequency, as amplitude of full scale."""
    middle = samples_of(track)[len(track.pcm) // 8 : len(track.pcm) // 8 * 3].astype(float) / 32_768
    window = np.hanning(len(middle))
    spectrum = np.abs(np.fft.rfft(middle * window)) * 2 / window.sum()
    at = round(hz * len(middle) / track.rate_hz)
    return float(spectrum[max(0, at - 3) : at + 4].max())


@pytest.mark.parametrize(
    ("form", "subtype", "channels"),
    [(*form, channels) for form in FORMATS for channels in ((1,) if form[1] == "GSM610" else (1, 2))],
)
def test_every_format_is_the_same_sound(tmp_path: Path, form: str, subtype: str, channels: int) -> None:
    """A tone of 1 kHz at half scale is that at 8 kHz, however it was written, and as long."""
    rate_hz = 8_000 if subtype == "GSM610" else 48_000 if subtype == "OPUS" else 44_100
    path = tmp_path / "clip"
    sound = np.repeat(tone(rate_hz, 1_000)[:, None], channels, axis=1)
    soundfile.write(path, sound, rate_hz, format=form, subtype=subtype)

    clip = load_clip(path, 8_000)

    assert level_at(clip, 1_000) == pytest.approx(0.5, abs=0.1 if "ADPCM" in subtype else 0.03)
    assert clip.duration_us == pytest.approx(SECONDS * 1e6, abs=80_000)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])
def test_nothing_is_aliased(tmp_path: Path, rate_hz: int) -> None:
    """What a telephone cannot carry is gone: 5 kHz is not heard as 3 kHz. What it can is as loud."""
    path = tmp_path / "clip.wav"
    high = 0.0 * tone(rate_hz, 5_000) if rate_hz <= 10_000 else tone(rate_hz, 5_000)
    soundfile.write(path, high * 0.9 + tone(rate_hz, 700) * 0.5, rate_hz, subtype="FLOAT")

    clip = load_clip(path, 8_000)

    assert level_at(clip, 700) == pytest.approx(0.25, abs=0.01)
    assert level_at(clip, 3_000) < 1e-4


def test_a_file_put_in_place_of_another_is_read_anew(tmp_path: Path) -> None:
    """Of the same size and time, and behind the same link."""
    first, second, link = tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "link.wav"
    for path, hz in ((first, 500), (second, 900)):
        soundfile.write(path, tone(8_000, hz), 8_000, subtype="PCM_16")
        os.utime(path, ns=(1_000, 1_000))
    link.symlink_to(first)
    before = load_clip(link, 8_000)
    link.unlink()
    link.symlink_to(second)
    behind_link = load_clip(link, 8_000)
    second.replace(first)

    assert level_at(before, 500) > 0.4
    assert level_at(behind_link, 900) > 0.4
    assert level_at(load_clip(first, 8_000), 900) > 0.4


def test_clips_are_kept_up_to_so_many_bytes() -> None:
    """The least lately used goes first; one that is too long alone is not kept at all."""
    clips, reads = _Clips(100), list[str]()

    def read(name: str, size: int = 40) -> Track:
        def reading() -> Track:
            reads.append(name)
            return Track(8_000, b"\0" * size)

        return clips.of(name, reading)

    for name in ("a", "b", "a", "c", "a", "b"):
        read(name)
    read("long", 200)
    read("long", 200)

    assert reads == ["a", "b", "c", "b", "long", "long"]
