"""`turnspec measure`: a recorded conversation in figures."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from support_projects import CLIPS, Ran, turnspec_here
from support_sound import tone
from turnspec.audio import load_clip, samples_of
from turnspec.audio.edges import voiced_span
from turnspec.audio.samples import Samples, position_at

RATE_HZ = 8_000
EDGE_US = 10_000
"""How close an edge has to be in a recording without noise."""


def spoken(name: str) -> Samples:
    """A person's words, from their first to their last sound."""
    samples = samples_of(load_clip(CLIPS / name, RATE_HZ))
    span = voiced_span(samples, RATE_HZ)
    assert span is not None
    return samples[position_at(span[0], RATE_HZ) : position_at(span[1], RATE_HZ)]


ACCOUNT, DELETED, COUNT = (
    spoken(name) for name in ("caller/account.flac", "agent/deleted.flac", "agent/mailbox-count.flac")
)


class Scene:
    """Two tracks with words at known places."""

    def __init__(self) -> None:
        self.tracks = np.zeros((RATE_HZ * 40, 2), np.int16)
        self.spans: list[tuple[str, int, int]] = []

    def say(self, who: str, at_ms: int, words: Samples) -> int:
        """Put words there; gives back when they are over."""
        start = at_ms * RATE_HZ // 1_000
        self.tracks[start : start + len(words), int(who == "agent")] = words
        self.spans.append((who, at_ms * 1_000, at_ms * 1_000 + len(words) * 1_000_000 // RATE_HZ))
        return self.spans[-1][2] // 1_000

    def write(self, path: Path) -> Path:
        """The file, the caller left."""
        soundfile.write(path, self.tracks, RATE_HZ)
        return path


@pytest.fixture
def scene() -> Scene:
    """A greeting, a question answered after 700 ms, and a question that is talked over."""
    scene = Scene()
    over = scene.say("agent", 500, DELETED)
    over = scene.say("caller", over + 400, ACCOUNT)
    over = scene.say("agent", over + 700, COUNT)
    over = scene.say("caller", over + 1_000, ACCOUNT)
    scene.say("agent", over - 500, COUNT)
    return scene


def measured(*paths: Path, more: Sequence[str] = (), **environment: str) -> Ran:
    """`turnspec measure` of these."""
    return turnspec_here(
        Path.cwd(),
        "measure",
        *map(str, paths),
        *more,
        environment={"TURNSPEC_VOICE_ACTIVITY": "energy"} | environment,
    )


def document(*paths: Path, more: Sequence[str] = ()) -> Any:
    """The same as JSON."""
    ran = measured(*paths, more=("--json", *more))
    assert ran.code == 0, ran.told
    return json.loads(ran.out)


def test_edges_lie_where_the_words_do(scene: Scene, tmp_path: Path) -> None:
    """Every turn begins and ends where it was put, within the edge's error, whoever speaks."""
    found = document(scene.write(tmp_path / "talk.wav"))

    assert [turn["who"] for turn in found["turns"]] == [who for who, _, _ in scene.spans]
    for turn, (_, start_us, end_us) in zip(found["turns"], scene.spans, strict=True):
        assert abs(turn["from_us"] - start_us) <= EDGE_US
        assert abs(turn["to_us"] - end_us) <= EDGE_US


def test_responses_and_overlaps(scene: Scene, tmp_path: Path) -> None:
    """The first question is answered after 700 ms, the second 500 ms before its end, which interrupts it."""
    found = document(scene.write(tmp_path / "talk.wav"))
    responses = [turn["response_us"] for turn in found["turns"] if turn["who"] == "caller"]
    (overlap,) = found["overlaps"]

    assert [round(each / 1e4) for each in responses] == [70, -50]
    assert found["error_us"] == EDGE_US
    assert overlap["by"] == "agent"
    assert abs(overlap["to_us"] - overlap["from_us"] - 500_000) <= 2 * EDGE_US
    assert found["interruptions"] == {"caller": 0, "agent": 1}
    assert [(gap["after"], gap["before"]) for gap in found["gaps"]] == [
        ("agent", "caller"),
        ("caller", "agent"),
        ("agent", "caller"),
    ]


def test_sides_can_be_the_other_way_round(scene: Scene, tmp_path: Path) -> None:
    """With the caller on the right the sides change places, and nothing else does."""
    path = scene.write(tmp_path / "talk.wav")
    turns, others = document(path)["turns"], document(path, more=("--caller", "right"))["turns"]

    assert [turn["from_us"] for turn in turns] == [turn["from_us"] for turn in others]
    assert {turn["who"] for turn in (turns[0], others[1])} == {"agent"}


def test_two_files_are_two_sides(scene: Scene, tmp_path: Path) -> None:
    """A file for each side, at rates of their own, says what one stereo file says."""
    whole = document(scene.write(tmp_path / "talk.flac"))
    soundfile.write(tmp_path / "caller.wav", scene.tracks[:, 0], RATE_HZ)
    soundfile.write(tmp_path / "agent.wav", np.repeat(scene.tracks[:, 1], 2), 2 * RATE_HZ)
    parts = document(tmp_path / "caller.wav", tmp_path / "agent.wav")

    assert [turn["who"] for turn in parts["turns"]] == [turn["who"] for turn in whole["turns"]]
    for turn, other in zip(parts["turns"], whole["turns"], strict=True):
        assert abs(turn["from_us"] - other["from_us"]) <= EDGE_US


def test_engines_say_what_is_speech(tmp_path: Path) -> None:
    """A tone is sound to the energy, and no speech to the engine that was asked for."""
    sound = np.zeros((RATE_HZ * 4, 2), np.int16)
    sound[RATE_HZ : RATE_HZ * 3, 1] = tone(2_000_000)
    soundfile.write(tmp_path / "tone.wav", sound, RATE_HZ)

    assert len(document(tmp_path / "tone.wav")["turns"]) == 1
    found = document(tmp_path / "tone.wav", more=("--voice-activity", "webrtc"))
    assert found["engine"].startswith("webrtc")


def test_keys_are_heard(tmp_path: Path) -> None:
    """Keys pressed as tones are listed with their times."""
    sound = np.zeros((RATE_HZ * 3, 2), np.int16)
    for number, (low, high) in enumerate(((770, 1_209), (697, 1_336), (941, 1_477))):
        at = RATE_HZ * (1 + number) // 2
        sound[at : at + RATE_HZ // 10, 0] = tone(100_000, hz=low, peak=6_000) + tone(
            100_000, hz=high, peak=6_000
        )
    soundfile.write(tmp_path / "keys.wav", sound, RATE_HZ)

    assert [key["digit"] for key in document(tmp_path / "keys.wav")["keys"]["caller"]] == ["4", "2", "#"]
    assert "keys of the caller" in measured(tmp_path / "keys.wav").out


def test_people_get_a_table(scene: Scene, tmp_path: Path) -> None:
    """The table has a line a turn, the engine and the error bar."""
    told = measured(scene.write(tmp_path / "talk.wav")).out

    assert "speech found by energy" in told
    assert "± 10 ms" in told
    assert sum(line.split()[1:2] in (["agent"], ["caller"]) for line in told.splitlines()) == len(scene.spans)
    assert "agent interrupts    1 (" in told


def test_silence_has_no_turns(tmp_path: Path) -> None:
    """Of a recording in which nobody speaks nothing is made up."""
    soundfile.write(tmp_path / "still.wav", np.zeros((RATE_HZ, 2), np.int16), RATE_HZ)
    found, told = document(tmp_path / "still.wav"), measured(tmp_path / "still.wav")

    assert found["turns"] == []
    assert found["talk_ratio"] is None
    assert (told.code, told.err) == (0, "note: nobody speaks in it\n")


def test_a_long_recording_is_measured(tmp_path: Path) -> None:
    """The last word of a quarter of an hour is found where it is."""
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", samplerate=RATE_HZ, channels=2, compression_level=0.0) as file:
        second = np.zeros((RATE_HZ, 2), np.int16)
        for _ in range(890):
            file.write(second)
        file.write(np.stack([np.zeros_like(DELETED), DELETED], axis=1))
    (turn,) = document(path)["turns"]

    assert abs(turn["from_us"] - 890_000_000) <= EDGE_US


def test_a_cut_file_counts_up_to_where_it_is_cut(scene: Scene, tmp_path: Path) -> None:
    """What can be read of a truncated file is measured, and it is said that it is cut off."""
    path = scene.write(tmp_path / "talk.flac")
    whole = document(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = document(path)

    assert found["notes"] == [f"{path} is cut off: it was measured up to there"]
    assert 0 < len(found["turns"]) < len(whole["turns"])
    assert found["turns"][0] == whole["turns"][0]


@pytest.mark.parametrize(
    ("told_bytes", "is_cut"), [(None, True), (0xFFFF_FFFF, False)], ids=["cut", "streamed"]
)
def test_a_wav_that_lacks_sound_is_cut(
    scene: Scene, tmp_path: Path, told_bytes: int | None, *, is_cut: bool
) -> None:
    """A WAV whose header counts more than there is was cut off; one that was streamed never knew."""
    path = scene.write(tmp_path / "talk.wav")
    data = bytearray(path.read_bytes())
    if told_bytes is not None:
        data[40:44] = told_bytes.to_bytes(4, "little")
    path.write_bytes(data[: len(data) // 2 // 4 * 4])

    assert any("is cut off" in note for note in document(path)["notes"]) is is_cut


@pytest.mark.parametrize(("leak", "is_told"), [(0, False), (0.03, True)])
def test_crosstalk_is_told(scene: Scene, tmp_path: Path, leak: float, *, is_told: bool) -> None:
    """A side that is heard on the other's channel is told of; people who talk at once are not."""
    scene.tracks = (scene.tracks + leak * scene.tracks[:, ::-1]).astype(np.int16)
    notes = document(scene.write(tmp_path / "talk.wav"))["notes"]

    assert any("is heard on the other's channel" in note for note in notes) is is_told


WRONG = {
    "missing": "does not exist",
    "device": "is no file",
    "text": "is not audio that can be read",
    "mono": "has one channel: who speaks cannot be told",
    "empty": "is not audio that can be read",
    "folder": "is not the folder of a call",
    "no sound": "holds no sound",
    "six": "has 6 channels",
    "same": "both channels hold the same sound",
    "slow": "cannot be measured at less than 4,000 Hz",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_measured_says_so(tmp_path: Path, what: str) -> None:
    """Wrong files end with 2, one clear line and no traceback."""
    path = tmp_path / "file.wav"
    match what:
        case "text":
            path.write_text("not a sound")
        case "mono":
            soundfile.write(path, DELETED, RATE_HZ)
        case "empty":
            path.write_bytes(b"")
        case "device":
            path.symlink_to("/dev/null")
        case "folder":
            path.mkdir()
        case "no sound":
            soundfile.write(path, np.zeros((0, 2), np.int16), RATE_HZ)
        case "same":
            soundfile.write(path, np.stack([DELETED, DELETED], axis=1), RATE_HZ)
        case "slow":
            soundfile.write(path, np.stack([DELETED, DELETED], axis=1), 1_000)
        case "six":
            soundfile.write(path, np.zeros((80, 6), np.int16), RATE_HZ)
        case _:
            pass
    ran = measured(path)

    assert ran.code == 2
    assert WRONG[what] in ran.err
    ran.assert_clean()


def test_noise_of_any_kind_is_no_crash(tmp_path: Path) -> None:
    """A file of random bytes is refused in words."""
    path = tmp_path / "noise.flac"
    path.write_bytes(random.Random(7).randbytes(5_000))

    assert measured(path).code == 2


def test_an_unknown_engine_is_named(scene: Scene, tmp_path: Path) -> None:
    """An engine that does not exist ends with 2, and those that do are named."""
    ran = measured(scene.write(tmp_path / "talk.wav"), more=("--voice-activity", "sileroo"))

    assert ran.code == 2
    assert "silero, webrtc, energy" in ran.err


def test_two_stereo_files_are_too_much(scene: Scene, tmp_path: Path) -> None:
    """Two files of two sides are four sides."""
    path = scene.write(tmp_path / "talk.wav")

    assert "has two channels already" in measured(path, path).err
    assert "3 files were named" in measured(path, path, path).err


def test_a_faint_recording_is_measured_like_a_loud_one(scene: Scene, tmp_path: Path) -> None:
    """36 dB fainter, and beside a constant, the same is found, give or take what each response states."""
    loud = document(scene.write(tmp_path / "loud.wav"))
    scene.tracks = (scene.tracks // 60 + 40).astype(np.int16)
    faint = document(scene.write(tmp_path / "faint.wav"))

    answered = [turn for turn in loud["turns"] if turn["who"] == "caller"]
    again = [turn for turn in faint["turns"] if turn["who"] == "caller"]
    assert len(answered) == len(again)
    for one, other in zip(answered, again, strict=True):
        assert one["response_error_us"] == EDGE_US <= other["response_error_us"] <= 10 * EDGE_US
        assert abs(one["response_us"] - other["response_us"]) <= other["response_error_us"]
