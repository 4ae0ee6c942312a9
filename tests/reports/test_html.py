"""report.html: what is on the page, whatever happened in the run."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_golden import assert_golden
from support_result_turns import response
from support_results import INFO, RUNS, TROUBLING, lost_card, nasty, no_recording, opening_hours, rich_run
from turnspec.reports import render_html
from turnspec.reports.html.budget import BAR_WIDTH, budget
from turnspec.results import CallResult, Finding, Measurement, Outcome, RunResult, State, Status

VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})
MP3 = b"\xff\xfb\x90\x00" + bytes(60)


class Tree(HTMLParser):
    """Checks that every element is closed in order, and keeps the tags, ids and links that it met."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "script" not in self.open:
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]

    def of(self, tag: str, wanted: str) -> list[dict[str, str | None]]:
        """The attributes of the elements with a tag and a class."""
        return [
            attrs for own, attrs in self.tags if own == tag and wanted in (attrs.get("class") or "").split()
        ]

    @property
    def text(self) -> str:
        """What can be read on the page, on one line."""
        return " ".join(" ".join(self.words).split())


def page(run: RunResult) -> str:
    """The page of a run without recordings."""
    return render_html(run, no_recording).decode()


def tree(text: str) -> Tree:
    """The page read by a parser that stumbles over what is not closed."""
    parser = Tree()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def only(call: CallResult) -> Tree:
    """The page of one call."""
    return tree(page(RunResult(INFO, (call,))))


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    """Every literal run is shown as somebody found right; style and script are not part of it."""
    text = page(RUNS[name])

    assert_golden(f"reports/{name}.html", text[text.index("<main>") : text.index("</main>")] + "</main>\n")


@pytest.mark.parametrize("name", RUNS)
def test_page_is_whole(name: str) -> None:
    """Every element is closed, every id is there once, every link inside the page leads somewhere."""
    read = tree(page(RUNS[name]))
    ids = read.values("id")
    links = [link[1:] for link in read.values("href") if link.startswith("#")]

    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert set(read.values("aria-labelledby")) <= {f"{one}-pt {one}-pd" for one in ids}


@pytest.mark.parametrize("name", RUNS)
def test_page_asks_nobody(name: str) -> None:
    """Nothing on the page is fetched from anywhere but its own folder, and its policy forbids it."""
    text = page(RUNS[name])
    read = tree(text)

    assert not [link for link in (*read.values("src"), *read.values("href")) if "//" in link]
    assert "default-src 'none'" in "".join(read.values("content"))
    assert not re.search(r"url\(|@import|https?://", text)


def test_verdict_leads() -> None:
    """The page begins with the verdict and the counts."""
    words = tree(page(rich_run())).text

    assert words.index("1 of 5 conversations did not hold; 1 could not be judged.") < words.index("1 failed")
    assert words.index("1 failed") < words.index("1 error") < words.index("1 passed")


def test_failures_come_first_and_open() -> None:
    """What failed stands first and open, what passed last and closed."""
    calls = tree(page(rich_run())).of("details", "call")

    assert [str(call["class"]).split()[-1] for call in calls] == [
        "failed",
        "error",
        "flaky",
        "skipped",
        "passed",
    ]
    assert ["open" in call for call in calls] == [True, True, False, False, False]


def test_each_failing_check_shows_both_sides_and_its_place() -> None:
    """Expected, actual, details and file:line of a failing check are on the page."""
    words = only(lost_card()).text

    for told in (
        'expected {"last4": "4821", "reason": "lost"}',
        'actual {"last4": "4812", "reason": "lost"}',
        'last4: "4812" where "4821" was expected',
        "scenarios/bank/lost-card.yaml:17:11",
        "Turns 2 and 4 did not hold: 6 checks failed.",
    ):
        assert told in words


def test_functions_show_arguments_and_what_came_back() -> None:
    """A function call shows its arguments and output, or that none came."""
    words = only(lost_card()).text

    assert 'block_card ({"last4": "4812", "reason": "lost"})' in words
    assert 'gave back after 120 ms {"status": "blocked", "reference": "R-1042"}' in words
    assert "nothing came back" in words


def test_trouble_of_the_harness_is_set_apart() -> None:
    """What broke on our side says that it tells nothing about the agent, beside the target's own output."""
    words = tree(page(rich_run())).text

    assert "This says nothing about the agent: the call could not be judged." in words
    assert "ModuleNotFoundError: No module named 'audioop'" in words


def test_a_run_too_late_to_trust_says_so_at_its_top() -> None:
    """That the machine was too slow stands before the calls, though they held and are folded."""
    note = Finding("late-engine", Status.NOTE, "turnspec itself was late.")
    slow = replace(opening_hours(), name="Slow <b>", findings=(note,), lateness_us=81_000)
    text = tree(page(RunResult(INFO, (slow,)))).text

    assert "Slow <b>: turnspec itself was up to 81 ms late; do not trust the times of that call." in text
    assert text.index("This machine was too slow.") < text.index("Conversations")
    assert "This machine was too slow." not in tree(page(RUNS["passed"])).text


def test_interrupted_run_says_so() -> None:
    """A run cut short is not mistaken for a whole one."""
    assert "The run was interrupted." in tree(page(RUNS["interrupted"])).text
    assert "The run was interrupted." not in tree(page(RUNS["passed"])).text
    assert tree(page(RUNS["interrupted"])).of("header", "error")


def test_wrong_files_show_their_problems() -> None:
    """The page of a refused run shows each problem as the terminal does."""
    text = page(RUNS["wrong"])

    assert "14 |     expcet: ...\n   |     ^^^^^^ did you mean &#39;expect&#39;?" in text
    assert "Nothing was called: 2 files are wrong." in tree(text).text


def test_a_refused_option_is_shown() -> None:
    """The page of a run that was asked for wrongly says what was wrong with it."""
    text = tree(page(RunResult(INFO, refused="there is no target 'x'\n  known are: desk"))).text

    assert "Nothing was called: an option was refused." in text
    assert "there is no target 'x' known are: desk" in text


def test_recording_is_embedded_or_linked() -> None:
    """Bytes given for a call are in the page; else the page leads to the file."""
    run = RunResult(INFO, (lost_card(), opening_hours()))
    text = render_html(run, lambda call: MP3 if call.outcome is Outcome.FAILED else None, "../out").decode()
    embedded, linked = tree(text).values("src")

    assert embedded.startswith("data:audio/mpeg;base64,//uQAAAA")
    assert linked == "../out/calls/opening-hours-1/call.flac"
    assert "../out/calls/lost-card-1/call.flac" in tree(text).values("href")


@pytest.mark.parametrize("sound", [MP3, None], ids=["embedded", "linked"])
def test_the_agent_as_received_is_linked(sound: bytes | None) -> None:
    """Where not all that the agent sent was heard, the page leads to all of it."""
    call = replace(lost_card(), received="calls/lost-card-1/agent-received.flac")
    text = render_html(RunResult(INFO, (call,)), lambda _: sound, "../out").decode()

    assert "../out/calls/lost-card-1/agent-received.flac" in tree(text).values("href")


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"fLaC", "audio/flac"), (b"RIFF", "audio/wav"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg")],
)
def test_embedded_sound_says_what_it_is(start: bytes, kind: str) -> None:
    """The type of embedded sound is read off its first bytes."""
    text = render_html(RunResult(INFO, (lost_card(),)), lambda _: start + bytes(9)).decode()

    assert tree(text).values("src")[0].startswith(f"data:{kind};base64,")


def test_calls_without_recording_offer_nothing_to_play() -> None:
    """Without a recording there is no player, and times are no links."""
    call = replace(lost_card(), recording=None)

    assert "audio" not in {tag for tag, _ in only(call).tags}
    assert not only(call).of("a", "cue")
    assert only(call).of("span", "cue")


def test_hostile_text_stays_text() -> None:
    """Nothing that an agent says becomes markup, and what cannot be shown is written out."""
    text = page(RUNS["nasty"])

    assert tree(text).text.count(r"\x00\x07\x1b[31mred\ud800\ufffe</script><b>\u202eevil") > 5
    assert text.count("<script>") == 1
    assert TROUBLING[:3] not in text


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_no_text_breaks_the_page(words: str) -> None:
    """Whatever is said, the page is whole and has the elements that it has for plain words."""

    def elements(said: str) -> list[str]:
        call = nasty()
        finding = replace(
            call.turns[0].findings[0], message=said, expected=said, actual=said, details=(said,)
        )
        line = replace(call.turns[0].lines[0], text=said, source=said)
        turn = replace(call.turns[0], name=said, findings=(finding,), lines=(line,))
        hostile = replace(
            call, turns=(turn,), name=said, description=said, target=said, process_output=(said,)
        )
        return [tag for tag, _ in only(hostile).tags]

    assert elements(f"a{words}") == elements("a")


def test_one_call_takes_a_few_kilobytes_beside_its_sound() -> None:
    """A call-minute with its sound at 24 kHz stays below a megabyte."""
    call = replace(lost_card(1_000), duration_us=60_000_000)
    sound = bytes(439 * 1024)

    assert len(render_html(RunResult(INFO, (call,)), lambda _: sound)) < 1_000_000


def test_equal_runs_make_equal_pages() -> None:
    """The same run makes the same page, byte for byte."""
    assert page(rich_run()) == page(rich_run())


@pytest.mark.parametrize(
    ("value", "bar"),
    [
        (response(0, 400_000, 0, 800_000), (71.4, 69.6, 3.6, 142.9, False)),
        (response(0, 1_600_000, 0, 800_000), (142.0, 141.1, 1.8, 71.0, False)),
        (response(0, -100_000, 0, 800_000), (0.0, 0.0, 0.0, 142.9, False)),
        (Measurement("gap", State.NOT_EXERCISED, None, limit_us=1_000), None),
        (Measurement("speech", State.MEASURED, 1_000), None),
        (Measurement("turn", State.CENSORED, 100, limit_us=1_000), None),
    ],
)
def test_bar_is_to_scale(value: Measurement, bar: tuple[float, ...] | None) -> None:
    """Value, error and limit share a scale inside the bar; what was not measured has no bar."""
    drawn = budget(value, {}).bar

    assert bar == (
        drawn and (drawn.value, drawn.error_from, drawn.error_width, drawn.limit, drawn.open_ended)
    )
    assert drawn is None or max(drawn.value, drawn.limit) < BAR_WIDTH


def test_budget_has_the_number_of_the_check_that_tells_of_it() -> None:
    """A budget's row carries the number of its failing check, whoever worded that."""
    late = response(1, 2_000_000, 5_000_000)
    told = Finding("response", Status.FAILED, "Too late.", turn=1, at_us=7_000_000)

    assert budget(late, {told: 4}).number == 4
    assert budget(late, {replace(told, at_us=1): 4}).number is None
    assert budget(late, {replace(told, turn=2): 4}).number is None
