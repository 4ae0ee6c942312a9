"""Speech as words: normalised text, intents, and the seam for synthesis."""

from turnspec.speech.builtin import BUILT_IN
from turnspec.speech.intents import (
    Classification,
    Intent,
    IntentClassifier,
    Intents,
    Likeness,
    PatternError,
    Scored,
)
from turnspec.speech.synthesis import (
    DEFAULT_VOICE,
    NO_SYNTHESIZER,
    SynthesisError,
    Synthesizer,
    find_synthesizer,
)
from turnspec.speech.text import (
    STOP_WORDS,
    contains_words,
    content_words,
    find_words,
    natural_length_us,
    words,
)

__all__ = [
    "BUILT_IN",
    "DEFAULT_VOICE",
    "NO_SYNTHESIZER",
    "STOP_WORDS",
    "Classification",
    "Intent",
    "IntentClassifier",
    "Intents",
    "Likeness",
    "PatternError",
    "Scored",
    "SynthesisError",
    "Synthesizer",
    "contains_words",
    "content_words",
    "find_synthesizer",
    "find_words",
    "natural_length_us",
    "words",
]
