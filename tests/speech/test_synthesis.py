"""Which voice is meant by a name or a language tag."""

from __future__ import annotations

import pytest

from turnspec.speech.voices import NoSuchVoice, Voice, chosen_voice, is_language_tag

VOICES = (
    Voice("Ann", "en-us", 3),
    Voice("Bob", "en-gb", 2),
    Voice("Carl", "de"),
    Voice("en", "pt-BR"),
)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Ann", "Ann"),
        ("bob", "Bob"),
        ("en-US", "Ann"),
        ("en_GB", "Bob"),
        ("de-AT", "Carl"),
        ("pt", "en"),
        ("en", "en"),
    ],
)
def test_a_voice_is_found_by_name_and_by_language(wanted: str, name: str) -> None:
    """Its own name first, then its language, then a language without a region, either way."""
    assert chosen_voice("x", wanted, VOICES).name == name


def test_a_bare_language_is_spoken_by_the_voice_that_ranks_first() -> None:
    """Not by the first in the alphabet."""
    assert chosen_voice("x", "en", VOICES[:3]).name == "Bob"


def test_another_region_is_not_taken_for_the_one_that_is_meant() -> None:
    """An Australian caller is not quietly American; what there is is named."""
    with pytest.raises(NoSuchVoice, match="x has no voice 'en-AU'") as told:
        chosen_voice("x", "en-AU", VOICES)
    assert {"en-us", "en-gb"} <= set(told.value.nearest)


def test_a_misspelt_voice_names_the_nearest() -> None:
    """By its spelling, wherever the language is another one."""
    with pytest.raises(NoSuchVoice) as told:
        chosen_voice("x", "Carlo", VOICES)
    assert told.value.nearest[0] == "Carl"


@pytest.mark.parametrize(
    ("text", "is_tag"), [("en", True), ("pt-BR", True), ("en_US", True), ("alloy", False), ("nova", False)]
)
def test_language_tags_are_told_from_names(text: str, is_tag: bool) -> None:  # noqa: FBT001 # a table
    """Names that endpoints give their voices are no languages."""
    assert is_language_tag(text) is is_tag
