"""report.html as a browser shows it: opened from the file system, without a network."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_browser import Page, browser
from support_results import RUNS, rich_run
from support_tools import needed
from turnspec.reports import write_reports
from turnspec.results import CallResult, Outcome

RATE_HZ = 8_000


def sound(kind: str) -> bytes:
    """Two tracks of tones as long as the failed call."""
    import numpy as np
    import soundfile

    at = np.arange(RATE_HZ * 18) / RATE_HZ
    tracks = np.stack([0.2 * np.sin(2 * np.pi * 330 * at), 0.2 * np.sin(2 * np.pi * 220 * at)], axis=1)
    file = io.BytesIO()
    soundfile.write(file, tracks, RATE_HZ, format=kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folders of the literal runs, the failed call's sound embedded, the passed one's beside."""
    out = tmp_path_factory.mktemp("out")
    mp3, flac = sound("MP3"), sound("FLAC")

    def embedded(call: CallResult) -> bytes | None:
        return mp3 if call.outcome is Outcome.FAILED else None

    for name, run in (RUNS | {"rich": rich_run(columns=900)}).items():
        write_reports(run, out / name, embedded)
        file = out / name / "calls" / "opening-hours-1" / "call.flac"
        file.parent.mkdir(parents=True)
        file.write_bytes(flac)
    return out


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One tab for all tests of this module."""
    needed("chromium", "chromium-browser", "google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser(Path(profile)) as opened:
        yield opened


# What sticks out of the view port on the right, and is not inside something that scrolls by itself.
STICKS_OUT = """
[...document.querySelectorAll("main *")].filter((one) => {
  for (let up = one.parentElement; up; up = up.parentElement)
    if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
  const box = one.getBoundingClientRect();
  return box.width > 1 && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map((one) => one.outerHTML.slice(0, 120))
"""

# Pieces of text whose boxes cover one another, except where one is inside the other.
OVERLAPS = """
(() => {
  const texts = [];
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility({contentVisibilityAuto: true})) continue;
    if (node.parentElement.closest("title, desc, audio")) continue;
    let up = node.parentElement;
    while (up && getComputedStyle(up).clipPath === "none") up = up.parentElement;
    if (up) continue;  // there for screen readers alone
    const range = document.createRange();
    range.selectNodeContents(node);
    let cut = node.parentElement;
    while (cut && getComputedStyle(cut).overflowY !== "hidden") cut = cut.parentElement;
    const end = cut ? cut.getBoundingClientRect().bottom - 2 : Infinity;  // lines below are clamped away
    for (const box of range.getClientRects())
      if (box.width > 2 && box.height > 2 && box.top < end) texts.push([box, node]);
  }
  const found = [];
  for (let a = 0; a < texts.length; a++)
    for (let b = a + 1; b < texts.length; b++) {
      const [p, q] = [texts[a][0], texts[b][0]];
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const tall = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      const [one, other] = [texts[a][1], texts[b][1]];
      if (one !== other && wide > 1 && tall > Math.min(p.height, q.height) * 0.45)
        found.push([one.data.trim(), other.data.trim()]);
    }
  return found;
})()
"""
OPEN_ALL = 'document.querySelectorAll("details").forEach((one) => { one.open = true; })'


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", RUNS)
def test_nothing_overflows_or_overlaps(page: Page, folder: Path, name: str, width: int, scheme: str) -> None:
    """At the width of a desk and of a telephone nothing sticks out, and no text covers another."""
    page.look(width, 900, scheme).open(folder / name / "report.html")
    page.value(OPEN_ALL)

    assert page.value("document.documentElement.scrollWidth <= innerWidth")
    assert page.value(STICKS_OUT) == []
    assert page.value(OVERLAPS) == []


@pytest.mark.parametrize("name", RUNS)
def test_console_stays_silent_and_network_unasked(page: Page, folder: Path, name: str) -> None:
    """Opening a report logs no error, breaks no policy and asks no network."""
    before = len(page.complaints())
    page.look(1280, 900).open(folder / name / "report.html")
    page.value("new Promise((done) => setTimeout(done, 50))")

    assert page.complaints()[before:] == []


# Plays a call's recording until its clock has moved on.
PLAY = """
new Promise((done, failed) => {
  const audio = document.querySelector(SELECTOR);
  const told = () => { audio.pause(); return [audio.duration, audio.currentTime]; };
  audio.addEventListener("error", () => failed(new Error("code " + audio.error.code)));
  audio.addEventListener("timeupdate", () => { if (audio.currentTime > 0.2) done(told()); });
  audio.muted = true;
  audio.play().catch(failed);
})
"""


@pytest.mark.parametrize("selector", ["#c2 audio", "#c1 audio"], ids=["embedded", "beside"])
def test_recordings_play(page: Page, folder: Path, selector: str) -> None:
    """The embedded recording plays, and so does the file beside the page."""
    page.look(1280, 900).open(folder / "rich" / "report.html")
    duration, at = page.value(PLAY.replace("SELECTOR", repr(selector)))

    assert duration == pytest.approx(18, abs=0.3)
    assert at > 0.2


# Does something, and tells to what second the failed call's recording was sought.
SOUGHT = """
new Promise((done) => {
  const audio = document.querySelector("#c2 audio");
  audio.muted = true;
  const act = () => {
    audio.addEventListener("seeked", () => done(audio.currentTime), { once: true });
    ACTION
  };
  if (audio.readyState > 0) act(); else audio.addEventListener("loadedmetadata", act, { once: true });
})
"""


def test_click_on_a_time_seeks(page: Page, folder: Path) -> None:
    """A click on a time of the transcript plays the recording from there."""
    page.look(1280, 900).open(folder / "rich" / "report.html")
    action = """document.querySelector('#c2-t2 .cue[data-at="7.322"]').click();"""

    assert page.value(SOUGHT.replace("ACTION", action)) == pytest.approx(7.322, abs=0.3)


@pytest.mark.parametrize("width", [1280, 390])
def test_click_on_the_picture_seeks(page: Page, folder: Path, width: int) -> None:
    """A click into the picture plays from the moment under the pointer."""
    page.look(width, 900).open(folder / "rich" / "report.html")
    action = """
      const svg = document.querySelector("#c2 .picture svg"), box = svg.getBoundingClientRect();
      const x = box.left + (58 + 890 * 9.12 / 18.24) * box.width / 960;
      svg.dispatchEvent(new MouseEvent("click", { clientX: x, clientY: box.top + 80, bubbles: true }));
    """

    assert page.value(SOUGHT.replace("ACTION", action)) == pytest.approx(9.12, abs=0.3)


def test_times_can_be_reached_by_keyboard(page: Page, folder: Path) -> None:
    """Tab leads to the rows of the table, and Enter on one opens its call."""
    page.look(1280, 900).open(folder / "rich" / "report.html")
    for _ in range(5):
        page.press("Tab")
    assert page.value("document.activeElement.getAttribute('href')") == "#c1"
    assert page.value("document.querySelector('#c1').open") is False

    page.value("document.activeElement.click()")
    assert page.value("new Promise((done) => setTimeout(() => done(document.querySelector('#c1').open), 50))")


def test_link_to_a_call_opens_it(page: Page, folder: Path) -> None:
    """A link to a turn inside a closed call shows that turn."""
    page.look(1280, 900).open(folder / "rich" / "report.html", "#c1-t2")

    assert page.value("document.querySelector('#c1').open && document.querySelector('#c1-t2').open")


def test_page_reads_without_its_style_and_script(folder: Path, page: Page) -> None:
    """Where a server forbids style and script, as Jenkins does, words and picture are still there."""
    text = (folder / "rich" / "report.html").read_text("utf-8")
    bare = folder / "rich" / "bare.html"
    bare.write_text(re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL), encoding="utf-8")
    page.look(1280, 900).open(bare)

    assert (
        page.value("document.querySelector('#c2').innerText").count("scenarios/bank/lost-card.yaml:17:11")
        == 2
    )
    assert page.value("document.querySelector('#c2 svg').getBoundingClientRect().height") > 200
    assert (
        page.value("getComputedStyle(document.querySelector('#c2 .caller .wave')).stroke")
        == "rgb(61, 111, 176)"
    )
