"""Known recordings found inside longer tracks, whole, cut, quiet, late and under speech."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from turnspec.audio.codecs import decode, encode
from turnspec.audio.files import load_clip
from turnspec.audio.passage import Passage, find_passage
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, samples_of
from turnspec.call import MULAW_8K

AGENT = Path(__file__).resolve().parents[2] / "scenarios" / "audio" / "agent"
RATE_HZ = 8_000
SECOND = np.zeros(RATE_HZ, np.int16)
# Prompts that share no piece with the two that are looked for.
OTHERS = ("not-understood", "mailbox-count", "rover-done", "table-seven", "undeleted", "dictation-greeting")


@lru_cache
def clip(name: str) -> Samples:
    """A prompt of the examples at 8 kHz."""
    return samples_of(load_clip(AGENT / f"{name}.flac", RATE_HZ))


def on_the_wire(*parts: Samples) -> Samples:
    """What a telephone makes of this."""
    return decode(encode(np.concatenate(parts), MULAW_8K), MULAW_8K)


def louder(samples: NDArray[np.signedinteger], gain: float) -> Samples:
    """The same sound at another level, clipped where it does not fit."""
    loud: Samples = np.clip(samples * gain, -32_000, 32_000).astype(np.int16)
    return loud


def found(track: Samples, name: str = "mailbox-first") -> Passage:
    """Where a prompt is heard; it must be."""
    passage = find_passage(track, clip(name), RATE_HZ)
    assert passage is not None
    return passage


def placed(passage: Passage) -> tuple[int, int, int]:
    """Where the prompt begins, and from when to when it is heard, in hundredths of a second."""
    return passage.start_us // 10_000, passage.from_us // 10_000, passage.to_us // 10_000


@pytest.mark.parametrize("gain", [0.2, 1.0, 3.0])
def test_a_whole_recording_is_found_at_any_level(gain: float) -> None:
    """Quiet or clipped, after mu-law: where it begins is known to a hundredth of a second, all was heard."""
    passage = found(on_the_wire(SECOND, louder(clip("mailbox-first"), gain), SECOND))

    assert placed(passage) == (101, 101, 568)
    assert passage.heard_us == passage.whole_us


def test_a_detour_over_another_rate_changes_nothing() -> None:
    """A bridge that plays at 24 kHz is heard as one that plays at 8."""
    wide = resample(np.concatenate((SECOND, clip("mailbox-first"), SECOND)), RATE_HZ, 24_000)

    assert placed(found(resample(wide, 24_000, RATE_HZ))) == (101, 101, 568)


def test_a_recording_that_is_cut_is_heard_up_to_there() -> None:
    """Of two seconds that were played, two seconds were heard, to a tenth."""
    passage = found(on_the_wire(SECOND, clip("mailbox-first")[: 2 * RATE_HZ], SECOND))

    assert placed(passage)[:2] == (101, 101)
    assert abs(passage.to_us - 3_000_000) <= 100_000
    assert 0.3 < passage.share < 0.45


def test_a_recording_that_begins_in_its_middle_would_have_begun_before() -> None:
    """Music that was on already when the track began tells where its beginning would lie."""
    passage = found(on_the_wire(SECOND, clip("mailbox-count")[4 * RATE_HZ :], SECOND), "mailbox-count")

    assert passage.start_us == 0
    assert abs(passage.from_us - 1_000_000) <= 150_000
    assert 0.5 < passage.share < 0.8


def test_a_line_that_ran_dry_inside_it_does_not_hide_the_rest() -> None:
    """What comes later than it should, after a hole, still is of the recording."""
    whole, hole = clip("mailbox-first"), np.zeros(RATE_HZ * 7 // 100, np.int16)
    passage = found(on_the_wire(SECOND, whole[:12_000], hole, whole[12_000:24_000], hole, whole[24_000:]))

    assert passage.share > 0.9
    assert abs(passage.to_us - 5_821_000) <= 50_000


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_a_recording_is_found_under_speech(gain: float) -> None:
    """Somebody who speaks over it, up to twice as loud, does not hide it."""
    track = np.concatenate((SECOND, clip("mailbox-first"), SECOND)).astype(np.int32)
    voice = clip("table-seven")[: len(track)]
    track[: len(voice)] += (voice * gain).astype(np.int32)
    passage = found(on_the_wire(louder(track, 1.0)))

    assert placed(passage)[0] == 101
    assert passage.share > 0.75


@pytest.mark.parametrize("name", OTHERS)
def test_another_recording_of_the_same_voice_is_not_taken_for_it(name: str) -> None:
    """The prompts of one voice are told from each other, long or short."""
    track = on_the_wire(SECOND, clip(name), SECOND)

    assert all(find_passage(track, clip(each), RATE_HZ) is None for each in ("mailbox-first", "deleted"))


def test_what_two_recordings_share_counts_for_what_it_is() -> None:
    """A prompt that begins as another one does is a part of that one, and no more."""
    passage = found(on_the_wire(SECOND, clip("deleted"), SECOND), "mailbox-deleted")

    assert passage.share < 0.5


def test_there_is_nothing_to_find_in_silence_or_of_silence() -> None:
    """Neither an empty track nor a recording without a sound is ever heard."""
    assert find_passage(np.zeros(5 * RATE_HZ, np.int16), clip("deleted"), RATE_HZ) is None
    assert find_passage(clip("deleted"), SECOND, RATE_HZ) is None
    assert find_passage(SECOND[:100], clip("deleted"), RATE_HZ) is None
