"""Two texts side by side: the words that differ are marked."""

from __future__ import annotations

from dataclasses import replace

from support_results import INFO, PASSED_RUN
from turnspec.reports import render_html
from turnspec.reports.html.differing import Words, compared, marked
from turnspec.results import Finding, RunResult, Status


def test_words_that_only_one_side_has_are_marked() -> None:
    """What both have stands plain, whatever its case and punctuation."""
    told, heard = marked('"Your card is blocked now."', '"your account is blocked"')

    assert told == (
        Words('"Your', differ=False),
        Words("card", differ=True),
        Words("is blocked", differ=False),
        Words('now."', differ=True),
    )
    assert heard == (
        Words('"your', differ=False),
        Words("account", differ=True),
        Words('is blocked"', differ=False),
    )


def test_what_is_not_there_marks_nothing() -> None:
    """Against nothing, all of the other side differs."""
    assert marked("", "") == ((), ())
    assert marked("one two", "") == ((Words("one two", differ=True),), ())


def test_a_remark_in_place_of_words_marks_nothing() -> None:
    """Where nobody told words, none were made out, or nothing was compared, no word differs from another."""
    told = '"Your card is blocked."'

    for one, other in ((told, "not compared"), (told, "no speech"), ("no words", told)):
        assert compared(one, other) == ((Words(one, differ=False),), (Words(other, differ=False),))
    assert compared(told, '"Your card is lost."') == marked(told, '"Your card is lost."')


def test_the_page_marks_the_words_that_were_heard_otherwise() -> None:
    """Both sides stand below one another; a text that looks like markup stays text."""
    found = Finding("verify", Status.FAILED, "It differs.", '"it is <b>deleted</b>"', '"it is saved"', 0)
    (call,) = PASSED_RUN.calls
    call = replace(call, turns=(replace(call.turns[0], findings=(found,)), *call.turns[1:]))
    page = render_html(RunResult(INFO, (call,)), lambda _: None).decode()

    assert "<dt>told</dt>" in page
    assert "<mark>&lt;b&gt;deleted&lt;/b&gt;&#34;</mark>" in page
    assert "<mark>saved&#34;</mark>" in page
