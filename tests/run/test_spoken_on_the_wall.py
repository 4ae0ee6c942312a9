"""Speech that is made while a call is up: whoever speaks waits for it, and nobody else does."""

from __future__ import annotations

import threading

from support_twilio import local_agent
from turnspec.adapters.realtime.server.mind import Answer
from turnspec.call import Track
from turnspec.call.events import Origin
from turnspec.doubles.agent.voicing import Making, after
from turnspec.run.voices.agents import SpokenAgent
from turnspec.testing import ToneSynthesizer


class Held:
    """A synthesiser that waits until it may speak."""

    name, version = "held", "1"

    def __init__(self) -> None:
        self.may = threading.Event()

    def synthesize(self, text: str, voice: str) -> Track:
        """The tones of a text, once it may."""
        assert self.may.wait(60)
        return ToneSynthesizer().synthesize(text, voice)


def _made(making: Making) -> Track:
    while (track := making()) is None:
        threading.Event().wait(0.001)
    return track


def test_a_line_is_not_waited_for_on_the_wall_clock() -> None:
    """It is asked for again until it is there, and then is what it would have been at once."""
    held = Held()
    making = SpokenAgent(held, "en-US", waits=False).say("hello")

    assert making() is None
    held.may.set()
    assert _made(making) == ToneSynthesizer().synthesize("hello", "en-US")


def test_in_virtual_time_it_is_there_at_once() -> None:
    """Time stands still until the line is made."""
    making = SpokenAgent(ToneSynthesizer(), "en-US", waits=True).say("hello")

    assert making() == ToneSynthesizer().synthesize("hello", "en-US")


def test_what_is_done_to_a_line_is_done_once_it_is_made() -> None:
    """A change waits with it."""
    tracks = [None, Track(8_000, b"\1\0" * 4)]
    cut = after(lambda: tracks.pop(0), lambda track: Track(track.rate_hz, track.pcm[:2]))

    assert [cut(), cut()] == [None, Track(8_000, b"\1\0")]


def test_an_agent_without_a_voice_says_that_it_is_silent() -> None:
    """And one with a voice gives the way to its speech."""
    agent = local_agent("agent: A\ngreeting: {say: Hello}\notherwise: {say: what}")
    greeting = agent.greet()

    assert greeting is not None
    assert (greeting.origin, greeting.making) == (Origin.SILENT, None)
    assert Answer(text="Hello").making is None
