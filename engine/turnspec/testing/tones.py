"""A synthesiser whose speech is tones: the same text always has the same sound, another text another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from turnspec.audio.samples import joined, silence, track_of
from turnspec.call import Track
from turnspec.speech.synthesis import SynthesisError

RATE_HZ: Final = 16_000
LETTER_US: Final = 60_000
BETWEEN_WORDS_US: Final = 80_000
LOUDNESS: Final = 8_000
LOWEST_HZ: Final = 300
STEP_HZ: Final = 70


@dataclass(frozen=True, slots=True)
class ToneSynthesizer:
    """Says each letter as a tone of 60 ms, each word after a gap of 80 ms, between silences of `around_us`.

    `silent` is a text that it makes no sound of, `refused` one that it cannot say.
    """

    around_us: int = 100_000
    silent: str = ""
    refused: str = ""

    @property
    def name(self) -> str:
        """The engine, as reports name it."""
        return "tones"

    @property
    def version(self) -> str:
        """The version of engine and voices."""
        return "1"

    def synthesize(self, text: str, voice: str) -> Track:
        """The tones of a text; another voice is a little higher.

        Raises:
            SynthesisError: This is the text that it cannot say.
        """
        if self.refused and self.refused in text:
            raise SynthesisError(f"tones cannot say {text!r}")
        rest = silence(self.around_us, RATE_HZ)
        if self.silent and self.silent in text:
            return track_of(rest, RATE_HZ)
        gap, raised_hz = silence(BETWEEN_WORDS_US, RATE_HZ), sum(map(ord, voice)) % STEP_HZ
        words = [part for word in text.split() for part in (gap, *(_tone(c, raised_hz) for c in word))]
        return track_of(joined([rest, *words[1:], rest]), RATE_HZ)


def _tone(letter: str, raised_hz: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    count = RATE_HZ * LETTER_US // 1_000_000
    pitch_hz = LOWEST_HZ + raised_hz + ord(letter.casefold()) % 32 * STEP_HZ
    # In steps of a phase that is a whole number, so that every machine makes the same samples of it.
    phase = np.arange(count, dtype=np.int64) * pitch_hz % RATE_HZ
    triangle = np.abs(2 * phase - RATE_HZ) * 2 - RATE_HZ
    return (triangle * LOUDNESS // RATE_HZ).astype(np.int16)
