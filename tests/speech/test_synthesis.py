"""The seam for text-to-speech."""

from __future__ import annotations

from turnspec.speech import NO_SYNTHESIZER, find_synthesizer


def test_without_an_engine_the_message_says_what_to_do() -> None:
    """There is none yet; the message names the extra and the way round it."""
    assert find_synthesizer() is None
    assert "turnspec[tts]" in NO_SYNTHESIZER
    assert "`audio:`" in NO_SYNTHESIZER
