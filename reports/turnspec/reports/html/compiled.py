"""Compiled templates, kept as Python keeps compiled modules: compiling takes 40 ms, loading one."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Templates as bytecode in a `__pycache__` folder, or under `PYTHONPYCACHEPREFIX` where that is set.

    Jinja2 itself discards what another Python or another source made. `options` names those of the
    environment, which are compiled in. As with modules, a folder that cannot be written to is no error, and
    `PYTHONDONTWRITEBYTECODE` keeps nothing.
    """

    def __init__(
        self, options: str, folder: Path | None = None, *, keep: bool = not sys.dont_write_bytecode
    ) -> None:
        self._made_by = f"{version('jinja2')} {options}"
        self._keep = keep
        self._folder = folder or Path(cache_from_source(__file__)).parent

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if the template was compiled before."""
        with suppress(OSError), self._file(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled; another process that reads meanwhile sees all of it or nothing."""
        if not self._keep:
            return
        file = self._file(bucket)
        part = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(bucket.bytecode_to_string())
            part.replace(file)

    def _file(self, bucket: Bucket) -> Path:
        made_by = hashlib.sha256(f"{bucket.key} {self._made_by}".encode()).hexdigest()[:16]
        return self._folder / f"template-{made_by}.{sys.implementation.cache_tag}.jinja"
