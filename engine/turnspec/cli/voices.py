"""`turnspec voices`: which engines speak here, by which voices, and one of them tried."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from turnspec.audio.files import WRITES, NotAudio, file_bytes
from turnspec.call.whole_files import write_whole
from turnspec.dsl.load import Loaded, load, project_of
from turnspec.dsl.models import Project
from turnspec.dsl.problems import in_reading_order, render_problems
from turnspec.results import USAGE_EXIT
from turnspec.run.options import RunOptions
from turnspec.run.unset import unset_in
from turnspec.run.voices import EngineSpeech, Speech, speech_for
from turnspec.run.voices.finding import (
    BRINGS,
    ENDPOINT,
    ENGINES,
    PIPER,
    asked_for,
    best_installed,
    is_installed,
    wrong_name,
)
from turnspec.speech.synthesis import SynthesisError
from turnspec.speech.voices import NoSuchVoice, Voice

HARNESS_EXIT: Final = 3
MOST_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class _Engine:
    """One engine as it is told of; `brings` is the line that brings it, where it is not there."""

    name: str
    installed: bool
    taken: bool
    voices: tuple[Voice, ...] = ()
    note: str = ""

    @property
    def brings(self) -> str:
        return "" if self.installed else BRINGS[self.name]


def voices_command(path: Path | None, options: Mapping[str, Any]) -> int:
    """Print the engines and their voices, or say one text; 2 if that is asked for wrongly, 3 if it fails."""
    if refusal := _wrong(options):
        print(refusal, file=sys.stderr)
        return USAGE_EXIT
    if path is not None and not path.exists():
        print(f"{path} does not exist: name a project, or a file in one", file=sys.stderr)
        return USAGE_EXIT
    loaded = _loaded(path or Path())
    problems = [each for each in loaded.problems if each.span.path[:1] == ("engines",)]
    if problems:
        print(render_problems(in_reading_order(problems)), file=sys.stderr)
        return USAGE_EXIT
    if options["say"] is not None:
        return _say(loaded, options)
    engines = [_told(name, loaded) for name in ENGINES if options["engine"] in (None, name)]
    if (language := options["language"]) is not None:
        engines = [replace(each, voices=_of_language(each.voices, language)) for each in engines]
    shorten = options["engine"] is None and options["language"] is None
    print(_document(engines) if options["as_json"] else "\n".join(_text(engines, shorten=shorten)))
    return 0


def _wrong(options: Mapping[str, Any]) -> str:
    name = options["engine"]
    if name is not None and name not in ENGINES:
        return wrong_name(name) or f"'{name}' is no engine\n  known are: {', '.join(ENGINES)}"
    if options["say"] is None and (options["output"] is not None or options["voice"] is not None):
        return "there is nothing to say: write --say TEXT"
    if options["say"] is not None and options["output"] is None:
        return "where is it to go? write -o FILE.wav"
    if options["output"] is not None and _suffix(options["output"]) not in WRITES:
        return f"{options['output']}: by its end nobody knows what to write\n  known are: {', '.join(WRITES)}"
    return ""


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _loaded(path: Path) -> Loaded:
    """The project that a path lies in, without any of its other files; an empty one where there is none."""
    root, file = project_of((path,))
    return Loaded(root, Project(version=1)) if file is None else load((file,))


def _environment(loaded: Loaded) -> dict[str, str]:
    names = (*loaded.project.environment, *loaded.project.secrets)
    return {name: os.environ[name] for name in names if name in os.environ}


def _speech(loaded: Loaded, name: str | None) -> Speech:
    return speech_for(loaded, _environment(loaded), RunOptions(speech=name))


def _say(loaded: Loaded, options: Mapping[str, Any]) -> int:
    if refusal := wrong_name(asked_for(options["engine"])):
        print(refusal, file=sys.stderr)
        return USAGE_EXIT
    speech = _speech(loaded, options["engine"])
    problems = (*speech.problems, *unset_in(speech.texts, _environment(loaded)))
    if problems:
        print(render_problems(in_reading_order(problems)), file=sys.stderr)
        return USAGE_EXIT
    if speech.synthesizer is None:
        print(f"nothing speaks here; {speech.why_none.removeprefix('or ')}", file=sys.stderr)
        return USAGE_EXIT
    return _spoken(speech, options)


def _spoken(speech: Speech, options: Mapping[str, Any]) -> int:
    assert speech.synthesizer is not None, "something speaks"
    voice = speech.voice if options["voice"] is None else options["voice"]
    try:
        if isinstance(speech.synthesizer, EngineSpeech):
            speech.synthesizer.voice(voice)
        track = speech.synthesizer.synthesize(options["say"], voice)
        write_whole(options["output"], file_bytes(_suffix(options["output"]), track))
    except NoSuchVoice as error:
        print(f"{error}\n  {error.hint}", file=sys.stderr)
        return USAGE_EXIT
    except NotAudio as error:
        print(f"{options['output']} cannot be written: {error}; name a .wav", file=sys.stderr)
        return USAGE_EXIT
    except SynthesisError as error:
        print(error, file=sys.stderr)
        return HARNESS_EXIT
    except OSError as error:
        print(f"{options['output']} cannot be written: {error.strerror or error}", file=sys.stderr)
        return USAGE_EXIT
    seconds = track.duration_us / 1_000_000
    print(f"{options['output']}: {seconds:.2f} s at {track.rate_hz} Hz, by {speech.synthesizer.name}")
    return 0


def _told(name: str, loaded: Loaded) -> _Engine:
    asked = asked_for(None) or loaded.project.engines.speech.engine
    taken = name == (best_installed() if asked == "auto" else asked)
    own = loaded.project.engines.speech.engine == name
    if name == ENDPOINT:
        note = "it does not tell its voices" if own else "it is asked where a project says where it is"
        return _Engine(name, own, taken, note=note)
    if not is_installed(name):
        return _Engine(name, installed=False, taken=taken)
    if name == PIPER and loaded.project.engines.speech.model is None:
        note = (
            "its voices are files: write engines: {speech: {engine: piper, model: FOLDER}} in turnspec.yaml"
        )
        return _Engine(name, installed=True, taken=taken, note=note)
    speech = _speech(loaded, name).synthesizer
    try:
        voices = speech.voices if isinstance(speech, EngineSpeech) else ()
    except SynthesisError as error:
        return _Engine(name, installed=True, taken=taken, note=str(error))
    return _Engine(name, installed=True, taken=taken, voices=voices)


def _of_language(voices: Sequence[Voice], language: str) -> tuple[Voice, ...]:
    wanted = language.replace("_", "-").casefold()
    return tuple(
        voice
        for voice in voices
        if f"{voice.language.replace('_', '-').casefold()}-".startswith(f"{wanted}-")
    )


def _document(engines: Sequence[_Engine]) -> str:
    return json.dumps(
        {
            "engines": [
                {
                    "engine": each.name,
                    "installed": each.installed,
                    "taken": each.taken,
                    "install": each.brings or None,
                    "note": each.note or None,
                    "voices": [{"voice": voice.name, "language": voice.language} for voice in each.voices],
                }
                for each in engines
            ]
        },
        indent=2,
        ensure_ascii=False,
    )


def _text(engines: Sequence[_Engine], *, shorten: bool) -> Iterator[str]:
    width = max(len(each.name) for each in engines)
    for each in engines:
        state = "installed" if each.installed else f"not installed: {each.brings}"
        if each.name == ENDPOINT and not each.installed:
            state = f"not configured: {each.brings}"
        yield f"{each.name:<{width}}  {state}{'  (this one speaks)' if each.taken else ''}"
        if each.note and each.installed:
            yield f"  {each.note}"
        shown = each.voices[:MOST_SHOWN] if shorten else each.voices
        names = max((len(voice.name) for voice in shown), default=0)
        yield from (f"  {voice.name:<{names}}  {voice.language}" for voice in shown)
        if len(shown) < len(each.voices):
            yield f"  and {len(each.voices) - len(shown)} more: turnspec voices --engine {each.name}"
