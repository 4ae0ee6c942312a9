"""Who tells speech from other sound while a call is up, by the engine that finds it afterwards."""

from __future__ import annotations

from typing import Literal

import pytest

from turnspec.audio.ears import EVERY_SOUND, NO_STEADY_SOUND
from turnspec.run.voice_activity import SpeechFinder
from turnspec.speech.activity import activity_engine


@pytest.mark.parametrize("live", ["noise", "always", "never"])
def test_the_engine_is_asked_while_the_call_is_up(live: Literal["noise", "always", "never"]) -> None:
    """To energy every sound is speech; another engine is asked as it is written, and not where never."""
    ears = SpeechFinder(activity_engine("webrtc"), live=live).ears

    assert SpeechFinder(activity_engine("energy"), live=live).ears is EVERY_SOUND
    assert (ears is NO_STEADY_SOUND) is (live == "never")
    assert not ears.any_sound
    assert ears.always is (live == "always")
