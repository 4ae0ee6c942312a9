"""Token counts that add up; a local server has no tokeniser, so they are estimates by length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from turnspec.adapters.realtime.server.conversation import Entry
from turnspec.call import Track

CHARACTERS_PER_TOKEN: Final = 4
# The published audio rates: a token for 100 ms of the user, for 50 ms of the model.
INPUT_TOKEN_US: Final = 100_000
OUTPUT_TOKEN_US: Final = 50_000
TOKEN_LIMIT: Final = 40_000


def text_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def output_tokens(said: Iterable[str], audio_us: int) -> int:
    """How many tokens a response is that said these texts and so much audio."""
    return sum(text_tokens(text) for text in said) + -(-audio_us // OUTPUT_TOKEN_US)


def usage(instructions: str, context: list[Entry], said: list[str], audio_us: int) -> dict[str, Any]:
    """The whole `usage` of a response that said `said` and `audio_us` of audio after `context`."""
    input_text = text_tokens(instructions) + sum(_text_tokens(entry) for entry in context)
    input_audio = sum(_audio_tokens(entry) for entry in context)
    output_text = sum(text_tokens(text) for text in said)
    output_audio = -(-audio_us // OUTPUT_TOKEN_US)
    cached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
    return {
        "total_tokens": input_text + input_audio + output_text + output_audio,
        "input_tokens": input_text + input_audio,
        "output_tokens": output_text + output_audio,
        "input_token_details": {
            "text_tokens": input_text,
            "audio_tokens": input_audio,
            "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": cached,
        },
        "output_token_details": {"text_tokens": output_text, "audio_tokens": output_audio},
    }


def transcription_usage(model: str, audio: Track, transcript: str) -> dict[str, Any]:
    """What transcribing cost: tokens for the gpt-4o models, seconds for the others."""
    if not model.startswith("gpt-4o"):
        return {"type": "duration", "seconds": audio.duration_us / 1_000_000}
    heard, written = -(-audio.duration_us // INPUT_TOKEN_US), text_tokens(transcript)
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "output_tokens": written,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
    }


def _text_tokens(entry: Entry) -> int:
    document = entry.document
    # What audio says counts as audio.
    parts = () if entry.audio else document.get("content", ())
    texts = [part.get("text") or part.get("transcript") for part in parts]
    return sum(
        text_tokens(text) for text in (document.get("arguments"), document.get("output"), *texts) if text
    )


def _audio_tokens(entry: Entry) -> int:
    rate = OUTPUT_TOKEN_US if entry.document.get("role") == "assistant" else INPUT_TOKEN_US
    return -(-entry.audio_us // rate)
