"""What each key of the engines does, in the words that an editor shows beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGINE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Engines": {
        "intents": "what replies are likened to intents by",
        "judge": "the model that answers `judge:`",
        "speech": "what says texts of which there is no recording",
        "transcription": "what makes out words where only their sound is known",
        "voice_activity": "what finds speech in what is heard: the name of an engine, or its settings",
    },
    "IntentsEngine": {
        "engine": "tfidf, encoder, endpoint, or an installed one",
        "threshold": "how alike a reply must be to count, from 0 to 1",
        "url": "where the API is",
        "model": "the model that is asked",
        "key": "what lets us in, as a template: {{ env.NAME }}",
        "timeout": "how long one request may take",
    },
    "JudgeEngine": {
        "url": "where the API is",
        "model": "the model that is asked",
        "key": "what lets us in, as a template: {{ env.NAME }}",
        "timeout": "how long one request may take",
        "gate": "true: a turn fails if the judge says no, unless it says otherwise",
    },
    "SpeechEngine": {
        "engine": "auto, none, nanotts, flite, espeak-ng, piper, or endpoint",
        "voice": "the voice of whoever has none: a language tag such as en-GB, or a name of the engine's",
        "url": "where the API is",
        "model": "an endpoint's model; piper's voice (.onnx), or the folder of its voices",
        "key": "what lets us in, as a template: {{ env.NAME }}",
        "timeout": "how long one line may take",
    },
    "TranscriptionEngine": {
        "engine": "auto, whisper, grammar, endpoint, none, or an installed one",
        "model": "a folder with a model, or the name of one",
        "language": "what is spoken: en, de, ...",
        "beam": "how many ways to go on are weighed at once",
        "url": "where the API is",
        "key": "what lets us in, as a template: {{ env.NAME }}",
        "timeout": "how long one stretch of speech may take",
        "verify": "true: words that are told are held against the sound, too; or {at_most: 35 %, gate: true}",
    },
    "Verification": {
        "at_most": "the share of words that may differ: 35 %",
        "gate": "true: a turn fails if they differ by more, or if that cannot be seen",
    },
    "VoiceActivityEngine": {
        "engine": "auto, silero, webrtc (takes ringback, keys, hum and noise for speech), energy, none",
        "threshold": "of silero: how sure it must be, 0 to 1",
        "mode": "of webrtc: how strict it is, 0 to 3",
        "min_speech": "a shorter stretch is no speech",
        "live": "when the engine is asked while a call is up: on noisy lines, always, or never",
        "bridge": "a shorter silence does not part speech",
    },
}
