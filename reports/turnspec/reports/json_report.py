"""results.json: a run's results for programs, one line a call."""

from __future__ import annotations

import json
from typing import Any

from turnspec.results import RunResult
from turnspec.results.document import to_document


def render_json(run: RunResult) -> bytes:
    """The whole run as UTF-8 JSON; `turnspec.results.document.from_document` reads it back."""
    document = to_document(run)
    calls = document.pop("calls")
    lines = ",\n".join(_compact(call) for call in calls)
    text = f'{_compact(document)[:-1]},\n"calls":[\n{lines}\n]}}\n'
    # Half a surrogate pair has no UTF-8; the escape that takes its place is JSON's own.
    return text.encode("utf-8", "backslashreplace")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
