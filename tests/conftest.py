"""What holds for all tests: where everything is required, a skipped test is a failed one."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


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
