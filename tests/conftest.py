"""What holds for all tests: where everything is required, a skipped test is a failed one.

And a Realtime double sends nothing, in any call that a test records, that a live server would not send.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# What a machine has installed must not change what tests mean: those that speak or listen name their engine.
os.environ["TURNSPEC_SPEECH"] = os.environ["TURNSPEC_TRANSCRIPTION"] = "none"
# Most tests speak in tones, which are speech to nothing but energy. Where people speak, pages get what their
# readers get, and scenarios what every installation has.
VOICE_ACTIVITY = "TURNSPEC_VOICE_ACTIVITY"
ASKED_FOR = os.environ.get(VOICE_ACTIVITY)
WHERE_PEOPLE_SPEAK = {"docs": None, "scenarios": "webrtc"}

# Where everything is required, the same examples are tried each time: what fails there fails for all.
settings.register_profile("same", derandomize=True, database=None)
if os.environ.get("TURNSPEC_REQUIRE_ALL") == "1":
    settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let each test find speech by what its own speakers are: people, or tones."""
    asked = ASKED_FOR or WHERE_PEOPLE_SPEAK.get(item.path.parent.name, "energy")
    os.environ.pop(VOICE_ACTIVITY, None)
    if asked is not None:
        os.environ[VOICE_ACTIVITY] = asked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure under `TURNSPEC_REQUIRE_ALL=1`."""
    del item, call
    report = yield
    if report.skipped and os.environ.get("TURNSPEC_REQUIRE_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, where everything is required: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _sessions_of_a_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Judge every frame that a Realtime double has sent in the calls that a test recorded."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        _judge(folder)


@pytest.fixture(scope="session", autouse=True)
def _sessions_of_many_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same for calls whose record several tests share."""
    yield
    for folder in tmp_path_factory.getbasetemp().iterdir():
        if not folder.name.startswith("test_"):  # those are a test's own
            _judge(folder)


def _judge(folder: Path) -> None:
    if next(folder.rglob("wire.jsonl"), None) is not None:
        from support_realtime import judge_records  # it needs the SDK, which most tests do without

        judge_records(folder)
