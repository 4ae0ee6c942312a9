"""Over lively noise only those in front are speech; noise that is steady, or no noise, is left to others."""

from __future__ import annotations

import numpy as np
import pytest

from support_accuracy import LIVELY, PEOPLE, RATE_HZ, Condition, cut, known_call, noise_of, voices
from support_sound import real_prompts
from turnspec.audio import Samples, refined, samples_of
from turnspec.audio.edges import Segment
from turnspec.audio.lively import over_lively_noise, speech_on

LOUD = 600.0
SECOND_US = 1_000_000
EVERYWHERE = [Segment(0, 60 * SECOND_US)]


def behind(noise: str, seconds: int, loud: float = LOUD) -> Samples:
    """Nothing but noise."""
    return np.rint(loud * noise_of(noise, seconds * RATE_HZ, 3)).astype(np.int16)


def spoken(noise: str, at: int, to_noise_db: float) -> tuple[Samples, Segment]:
    """Somebody who speaks up, from a sample on, and where that is."""
    voice = voices()[7].astype(np.float64)
    voice *= LOUD * 10 ** (to_noise_db / 20) / np.sqrt(np.mean(np.square(voice)))
    clip = cut(np.rint(voice).astype(np.int16), LOUD)
    heard = behind(noise, 8).astype(np.float64)
    heard[at : at + len(clip)] += clip
    span = Segment(at * SECOND_US // RATE_HZ, (at + len(clip)) * SECOND_US // RATE_HZ)
    return np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16), span


@pytest.mark.parametrize("noise", ["babble", "cafe", PEOPLE])
def test_nobody_in_front_is_no_speech(noise: str) -> None:
    """An engine that takes the people behind for speech is not followed."""
    real_prompts("vm-goodbye")

    assert speech_on(behind(noise, 12), RATE_HZ, EVERYWHERE).segments == ()
    assert refined(behind(noise, 12), RATE_HZ, EVERYWHERE).segments


@pytest.mark.parametrize("noise", ["babble", "cafe", PEOPLE])
def test_who_speaks_up_is_found(noise: str) -> None:
    """The one in front is one stretch of speech, with both edges within what they state."""
    real_prompts("vm-goodbye")
    heard, truth = spoken(noise, 3 * RATE_HZ, 12)
    (found,) = speech_on(heard, RATE_HZ, EVERYWHERE).segments

    assert abs(found.start_us - truth.start_us) <= found.start_blur_us
    assert abs(found.end_us - truth.end_us) <= found.end_blur_us


def test_who_speaks_at_an_end_of_the_recording_is_found() -> None:
    """Speech from the first sample on, and speech that the recording breaks off, stay inside of it."""
    real_prompts("vm-goodbye")
    heard, truth = spoken("babble", 4 * RATE_HZ, 12)
    from_us, until_us = truth.start_us, (truth.start_us + truth.end_us) // 2
    first, last = (at * RATE_HZ // SECOND_US for at in (from_us, until_us))
    (begun,) = speech_on(heard[first:], RATE_HZ, EVERYWHERE).segments
    (broken_off,) = speech_on(heard[:last], RATE_HZ, EVERYWHERE).segments

    assert 0 <= begun.start_us <= begun.start_blur_us
    assert until_us - broken_off.end_blur_us <= broken_off.end_us <= until_us


def test_an_engine_that_denies_speech_is_followed() -> None:
    """What rises over a crowd where an engine hears nobody, as a door does, is no speech."""
    real_prompts("vm-goodbye")
    heard, _ = spoken("babble", 3 * RATE_HZ, 12)

    assert speech_on(heard, RATE_HZ, [Segment(0, SECOND_US)]).segments == ()


@pytest.mark.parametrize("noise", ["pink", "white", "hum"])
def test_steady_noise_is_left_to_the_spectrum(noise: str) -> None:
    """Over noise that is not lively, and as loud, speech is what it is by energy and spectrum."""
    real_prompts("vm-goodbye")
    heard, _ = spoken(noise, 3 * RATE_HZ, 12)

    assert over_lively_noise(heard, RATE_HZ) is None
    assert speech_on(heard, RATE_HZ, EVERYWHERE) == refined(heard, RATE_HZ, EVERYWHERE)


def test_who_speaks_without_pauses_is_nobody_in_a_crowd() -> None:
    """Fluent speech on a clean line is not taken for lively noise, however short its pauses are."""
    real_prompts("vm-goodbye")
    for start in range(0, 80, 10):
        talk = np.concatenate(voices()[start : start + 10])

        assert over_lively_noise(talk, RATE_HZ) is None, start


def test_frames_that_are_lost_make_no_noise_lively() -> None:
    """Pink noise with holes in it stays what it is; a crowd with holes stays a crowd."""
    real_prompts("vm-goodbye")
    for noise, lively in (("pink", False), ("babble", True)):
        agent = known_call(1, Condition(noise, to_noise_db=10, noise=noise, lost=0.05)).evidence.agent
        assert agent is not None
        assert (over_lively_noise(samples_of(agent), RATE_HZ) is not None) is lively


def test_every_reply_over_lively_noise_is_told_from_it() -> None:
    """Of known calls over lively noise, no reply is missed, and nobody behind the agent is one."""
    real_prompts("vm-goodbye")
    for condition in LIVELY:
        known = known_call(2, condition)
        assert known.evidence.agent is not None
        samples = samples_of(known.evidence.agent)

        assert len(speech_on(samples, RATE_HZ, EVERYWHERE).segments) == 5, condition.name
