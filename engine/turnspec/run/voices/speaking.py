"""A synthesiser made of an engine: voices by name, nothing made twice, silence refused, side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, cached_property
from typing import Final

from turnspec.audio.files import AUDIBLE_PEAK
from turnspec.audio.samples import samples_of
from turnspec.call import Track
from turnspec.run.answers_kept import key_of
from turnspec.run.voices.base import CannotSay, VoiceEngine
from turnspec.run.voices.kept import KeptTracks
from turnspec.speech.synthesis import SynthesisError
from turnspec.speech.voices import NoSuchVoice, Voice, chosen_voice, is_language_tag

AT_ONCE: Final = 4
"""Lines made at the same time, of all calls of a process."""

_SHOWN: Final = 80


@cache
def makers() -> ThreadPoolExecutor:
    """Threads in which lines are made."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="turnspec-voice")


class EngineSpeech:
    """Implements `Synthesizer`; `otherwise` speaks any language, where an engine does not tell its voices."""

    def __init__(self, engine: VoiceEngine, kept: KeptTracks, otherwise: str = "") -> None:
        self._engine, self._kept, self._otherwise = engine, kept, otherwise
        self._failed: dict[str, SynthesisError] = {}
        self._under_way: dict[str, Future[Track]] = {}
        self._lock = threading.Lock()
        self._gone = ""

    @property
    def name(self) -> str:
        """The engine."""
        return self._engine.name

    @property
    def version(self) -> str:
        """All that its speech depends on beside text and voice."""
        try:
            return self._engine.version
        except CannotSay as error:
            raise SynthesisError(f"{self.name} cannot be asked: {error}") from error

    @cached_property
    def voices(self) -> tuple[Voice, ...]:
        """The voices that it has; none: it does not tell.

        Raises:
            SynthesisError: It does not answer.
        """
        try:
            return self._engine.voices()
        except CannotSay as error:
            raise SynthesisError(f"{self.name} does not tell its voices: {error}") from error

    def voice(self, wanted: str) -> Voice:
        """The voice that is meant.

        Raises:
            NoSuchVoice: It has none of this name, or of this language.
            SynthesisError: It does not answer.
        """
        if self.voices:
            return chosen_voice(self.name, wanted, self.voices)
        speaks_any = is_language_tag(wanted) and self._otherwise
        return Voice(self._otherwise if speaks_any else wanted, "")

    def synthesize(self, text: str, voice: str) -> Track:
        """The speech of a text, made unless it was made before; one thread makes it, and others wait.

        Raises:
            SynthesisError: It cannot be said, or nothing is heard of it; the message names it.
        """
        try:
            key = key_of("speech", self.name, self.version, self.voice(voice).name, text)
        except NoSuchVoice as error:
            raise SynthesisError(f"{error}; {error.hint}") from error
        mine: Future[Track] = Future()
        with self._lock:
            making = self._under_way.setdefault(key, mine)
        if making is not mine:
            return making.result()
        try:
            mine.set_result(self._known_or_made(key, text, voice))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[key]
        return mine.result()

    def make_ready(self, lines: Iterable[tuple[str, str]]) -> None:
        """Make lines (text and voice) side by side; what cannot be said is told when it is to be said."""
        asked = [makers().submit(self.synthesize, text, voice) for text, voice in dict.fromkeys(lines)]
        try:
            for each in asked:
                each.exception()
        finally:
            for each in asked:
                each.cancel()

    def _known_or_made(self, key: str, text: str, voice: str) -> Track:
        if key in self._failed:
            raise self._failed[key]
        track = self._kept.get(key)
        if track is None:
            try:
                track = self._made(text, self.voice(voice))
            except SynthesisError as error:
                self._failed[key] = error
                raise
            self._kept.keep(key, track)
        return track

    def _made(self, text: str, voice: Voice) -> Track:
        what = f"{self.name} cannot say {_short(text)!r}"
        if self._gone:
            raise SynthesisError(f"{what}: {self._gone} before, and is not asked again")
        if not text.strip():
            raise SynthesisError(f"{what}: there is nothing to say")
        try:
            track = self._engine.speak(text, voice)
        except CannotSay as error:
            if error.gone:
                self._gone = str(error)
            raise SynthesisError(f"{what}: {error}") from error
        if not track.pcm or int(abs(samples_of(track).astype("int32")).max()) < AUDIBLE_PEAK:
            raise SynthesisError(f"{what}: it made no sound of it")
        return track


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
