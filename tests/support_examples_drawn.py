"""How many examples property tests of whole protocols try.

A few hundred find what a change breaks; `make thorough` tries thousands, as is due before a release.
"""

from __future__ import annotations

import os
from typing import Final

EXAMPLES: Final = 2_000 if os.environ.get("TURNSPEC_THOROUGH") == "1" else 250
