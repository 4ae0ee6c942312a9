"""Known recordings: what was said last is compared once, and what comes after it is not taken for it."""

from __future__ import annotations

from support_bench import ROOT
from turnspec.audio import load_clip
from turnspec.call import Track
from turnspec.doubles.agent.hearing import KnownClips

CLIPS = ROOT / "scenarios" / "audio" / "caller"


def clip(name: str) -> Track:
    """A recording of somebody."""
    return load_clip(CLIPS / f"{name}.flac", 8_000)


def test_each_utterance_is_heard_as_what_it_is() -> None:
    """Asked about one, about another and about the first again, it answers about each."""
    ten, forward = clip("ten-of-clubs"), clip("forward")
    known = KnownClips([("ten", ten), ("forward", forward)])

    assert [known.hear(said).text for said in (ten, ten, forward, ten)] == ["ten", "ten", "forward", "ten"]


def test_what_is_learnt_is_known_at_once() -> None:
    """An utterance that nothing was known of is its words as soon as they are told."""
    ten = clip("ten-of-clubs")
    known = KnownClips([])

    assert known.hear(ten).text is None
    known.learn("ten", ten)
    assert known.hear(ten).text == "ten"
