"""The media formats of the Bot API by name.

`raw/lpcm16` is 16 kHz in every implementation that was read; one public note that says 8 kHz stands alone.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat

MediaFormat: TypeAlias = Literal[
    "raw/mulaw",
    "raw/lpcm16_8",
    "raw/lpcm16",
    "raw/lpcm16_24",
    "wav/mulaw",
    "wav/lpcm16_8",
    "wav/lpcm16",
    "wav/lpcm16_24",
]
_CODECS: Final = {"mulaw": MULAW_8K, "lpcm16_8": PCM_8K, "lpcm16": PCM_16K, "lpcm16_24": PCM_24K}
MEDIA_FORMATS: Final[tuple[MediaFormat, ...]] = get_args(MediaFormat)


def audio_format(name: str) -> AudioFormat | None:
    """The audio of a media format; None: no such format."""
    return _CODECS[name.partition("/")[2]] if name in MEDIA_FORMATS else None


def has_header(name: str) -> bool:
    """Whether audio of this format begins with a WAV file's header."""
    return name.startswith("wav/")
