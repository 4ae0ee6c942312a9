"""Recorded prompts as a telephone line brings them, transcribed as a project would, as JSON.

    python transcribe_prompts.py PROJECT SOUNDS NAME...

PROJECT has the turnspec.yaml that says by what; SOUNDS is the folder with NAME.wav. A program of its own,
for a Python that has Whisper and a model.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from turnspec.audio.codecs import decode, encode
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of, track_of
from turnspec.call import MULAW_8K, Track
from turnspec.dsl.load import load
from turnspec.run.options import RunOptions
from turnspec.run.transcription import transcription_for


def main(project: str, sounds: str, *names: str) -> None:
    """Print who transcribed, and what was made of each."""
    made = transcription_for(load((Path(project),)), {}, RunOptions(transcription="whisper"))
    recognizer = made.recognizer
    assert recognizer is not None, (made.problems, made.why_none)

    def words(name: str) -> str:
        return recognizer.transcript(_by_telephone(Path(sounds) / f"{name}.wav"), "en").text

    with ThreadPoolExecutor(4) as threads:
        texts = dict(zip(names, threads.map(words, names), strict=True))
    one = recognizer.transcript(_by_telephone(Path(sounds) / f"{names[0]}.wav"), "en")
    silence = recognizer.transcript(Track(8_000, bytes(16_000 * 20)), "en").text
    recognizer.close()
    times = [[word.text, word.from_us, word.to_us, word.probability] for word in one.words]
    engine = recognizer.transcriber
    told = {"engine": engine.name, "model": engine.model, "texts": texts, "first": times, "silence": silence}
    sys.stdout.write(json.dumps(told))


def _by_telephone(path: Path) -> Track:
    sound = samples_of(load_clip(path, MULAW_8K.rate_hz))
    return track_of(decode(encode(sound, MULAW_8K), MULAW_8K), MULAW_8K.rate_hz)


if __name__ == "__main__":
    main(*sys.argv[1:])
