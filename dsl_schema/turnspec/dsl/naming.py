"""Names that templates can use."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from turnspec.dsl.refusals import refusal

_NAME = re.compile(r"[^\W\d]\w*")


def _usable(written: str) -> str:
    if _NAME.fullmatch(written):
        return written
    message = f"'{written}' cannot be a name: templates could not use it"
    raise refusal("bad-name", message, hint="a name has letters, digits and _, such as last4")


Name = Annotated[str, AfterValidator(_usable)]
