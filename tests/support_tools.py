"""Programs that some tests need beside Python."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(*names: str) -> str:
    """The path of the first of these programs that is there; else the test is skipped, or fails in CI."""
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    told = f"{names[0]} is not installed, so this cannot be tested"
    if os.environ.get("TURNSPEC_REQUIRE_ALL") == "1":
        pytest.fail(told)
    pytest.skip(told)
