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
    SynthesisError,
    Synthesizer,
)
from turnspec.speech.text import (
    STOP_WORDS,
    contains_words,
    content_words,
    find_words,
    natural_length_us,
    words,
)
from turnspec.speech.transcription import (
    Transcriber,
    Transcript,
    TranscriptionError,
    Word,
)

__all__ = [
    "BUILT_IN",
    "DEFAULT_VOICE",
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
    "Transcriber",
    "Transcript",
    "TranscriptionError",
    "Word",
    "contains_words",
    "content_words",
    "find_words",
    "natural_length_us",
    "words",
]
