"""Reading clips and writing recordings."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_sound import joined, noise, tone
from turnspec.audio import AudioFileError, load_clip, mp3_bytes, read_audio, samples_of, write_flac
from turnspec.audio.samples import silence, track_of


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100])
@pytest.mark.parametrize("name", ["clip.wav", "clip.flac"])
def test_lossless_files_come_back_sample_by_sample(tmp_path: Path, name: str, rate_hz: int) -> None:
    """16-bit files of any rate are read exactly."""
    samples = tone(250_000, rate_hz)
    soundfile.write(tmp_path / name, samples, rate_hz)

    assert track_of(samples, rate_hz) == read_audio(tmp_path / name)


@pytest.mark.parametrize("name", ["clip.ogg", "clip.mp3"])
def test_lossy_files_are_read(tmp_path: Path, name: str) -> None:
    """Ogg and MP3 have their length and loudness."""
    samples = tone(1_000_000, 16_000)
    soundfile.write(tmp_path / name, samples, 16_000)
    track = read_audio(tmp_path / name)

    assert track.rate_hz == 16_000
    assert abs(track.duration_us - 1_000_000) < 80_000
    assert abs(int(samples_of(track).max()) - 8_000) < 800


@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_24", "PCM_U8", "ULAW"])
def test_other_sample_kinds_are_read_at_their_level(tmp_path: Path, subtype: str) -> None:
    """Float, 24-bit, 8-bit and mu-law WAV are scaled to 16 bit."""
    soundfile.write(tmp_path / "clip.wav", tone(250_000) / 32_768, 8_000, subtype=subtype)
    samples = samples_of(read_audio(tmp_path / "clip.wav"))

    assert np.abs(samples.astype(int) - tone(250_000)).max() <= 260


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    """Both channels are in the one that is read."""
    left, right = tone(250_000), silence(250_000, 8_000)
    soundfile.write(tmp_path / "clip.wav", np.stack([left, right], axis=1), 8_000)
    samples = samples_of(read_audio(tmp_path / "clip.wav"))

    assert np.abs(samples.astype(int) - left // 2).max() <= 1


def bad_file(folder: Path, kind: str) -> Path:
    """A file that is no good in one way."""
    path = folder / "clip.wav"
    match kind:
        case "not audio":
            path.write_text("I am a text", "utf-8")
        case "no bytes":
            path.touch()
        case "no samples":
            soundfile.write(path, np.zeros(0, np.int16), 8_000)
        case "silent":
            soundfile.write(path, np.zeros(8_000, np.int16), 8_000)
        case "cancelling":
            soundfile.write(path, np.stack([tone(250_000), -tone(250_000)], axis=1), 8_000)
        case "not a number":
            soundfile.write(path, np.full(800, np.nan, np.float32), 8_000, subtype="FLOAT")
        case "folder":
            path.mkdir()
        case "too long":
            soundfile.write(path, np.zeros(3_601, np.int16), 1, subtype="PCM_16")
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "does not exist; record it, or correct the path"),
        ("not audio", "is not audio that can be read .*; convert it to WAV, FLAC, Ogg or MP3"),
        ("no bytes", r"is empty \(0 bytes\); record or export it again"),
        ("no samples", "has a header but no samples; record or export it again"),
        ("silent", "holds nothing but silence; record it again and check the microphone"),
        ("cancelling", "is silent once mixed to mono: its channels cancel; export one of them"),
        ("not a number", "holds samples that are not numbers; export it again as 16-bit WAV"),
        ("folder", "is a folder"),
        ("too long", "is longer than an hour; cut it to the words that are said"),
    ],
)
def test_a_useless_file_says_which_why_and_what_to_do(tmp_path: Path, kind: str, reason: str) -> None:
    """Each kind of bad file has its own message."""
    path = bad_file(tmp_path, kind)

    with pytest.raises(AudioFileError, match=reason) as caught:
        read_audio(path)

    assert path == caught.value.path
    assert str(caught.value).startswith(f"{path}: ")


def test_a_raw_file_is_refused_with_the_same_error(tmp_path: Path) -> None:
    """Samples without a header cannot be guessed at."""
    path = tmp_path / "clip.raw"
    path.write_bytes(tone(250_000).tobytes())

    with pytest.raises(AudioFileError, match="is not audio that can be read"):
        read_audio(path)


def test_a_misspelt_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """The nearest file of the folder is suggested."""
    soundfile.write(tmp_path / "lost-card.wav", tone(250_000), 8_000)

    with pytest.raises(AudioFileError, match=r"does not exist; did you mean lost-card\.wav\?"):
        load_clip(tmp_path / "lost_card.wav", 8_000)


def test_a_clip_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    """The same file gives the same track; a new one of that name gives the new sound."""
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(250_000, 16_000), 16_000)
    first = load_clip(path, 8_000)

    assert first is load_clip(path, 8_000)
    assert first.rate_hz == 8_000
    assert first.duration_us == 250_000

    soundfile.write(path, tone(500_000, 16_000), 16_000)
    os.utime(path, ns=(1, 1))

    assert load_clip(path, 8_000).duration_us == 500_000


def test_a_recording_holds_both_sides(tmp_path: Path) -> None:
    """Left and right come back as written, the shorter padded with silence."""
    left, right = tone(300_000), noise(500_000)
    write_flac(tmp_path / "call.flac", track_of(left, 8_000), track_of(right, 8_000))
    frames, rate_hz = soundfile.read(tmp_path / "call.flac", dtype="int16")

    assert rate_hz == 8_000
    assert joined(left, silence(200_000, 8_000)).tolist() == frames[:, 0].tolist()
    assert right.tolist() == frames[:, 1].tolist()


def test_an_empty_recording_can_be_written(tmp_path: Path) -> None:
    """A call that ended before any audio has a recording that can be opened."""
    nothing = track_of(np.zeros(0, np.int16), 8_000)
    write_flac(tmp_path / "call.flac", nothing, nothing)

    assert soundfile.info(tmp_path / "call.flac").frames == 1


def test_tracks_of_two_rates_do_not_fit_into_one_file(tmp_path: Path) -> None:
    """Nobody's voice is played at the wrong pitch."""
    with pytest.raises(ValueError, match="8000 and 24000 Hz"):
        write_flac(tmp_path / "x.flac", track_of(tone(100_000), 8_000), track_of(tone(100_000), 24_000))


def test_an_mp3_holds_both_sides() -> None:
    """What a browser plays has both channels and the length of the call."""
    data = mp3_bytes(track_of(tone(2_500_000), 8_000), track_of(noise(2_500_000), 8_000))
    frames, rate_hz = soundfile.read(io.BytesIO(data))

    assert frames.shape[1] == 2
    assert rate_hz == 8_000
    assert abs(len(frames) / rate_hz - 2.5) < 0.2
