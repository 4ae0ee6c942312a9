"""Who may speak: what the bot plays, and when the caller is streamed to it.

Where the caller may not interrupt, the stream stops when the bot takes its turn (recognition, commit, play
stream) and starts again when all has been heard, or when the bot stays silent for too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from turnspec.adapters.audiocodes.asked import PlayUrl
from turnspec.adapters.audiocodes.formats import audio_format, has_header
from turnspec.adapters.audiocodes.listening import OFF, UserStream
from turnspec.adapters.audiocodes.messages import (
    PlayStreamChunk,
    PlayStreamStart,
    PlayStreamStop,
    UserStreamStart,
    UserStreamStop,
)
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.audiocodes.outbox import Outbox
from turnspec.adapters.audiocodes.playing import Playing
from turnspec.adapters.audiocodes.prompts import Prompt, PromptError, decoded, is_data, prompt_of
from turnspec.call import AudioFormat
from turnspec.call.events import AgentMessaged, ListeningPaused, ListeningResumed

URL_FAILED: Final = "playUrlFailed"


def line_format(options: AudioCodesOptions) -> AudioFormat:
    """The format of the caller's audio as it is handed over: that of the format offered first."""
    found = audio_format(options.formats[0])
    assert found is not None, "options offer only formats that there are"
    return found


class Talk:
    """Both directions of one call's audio. `due_us`: when `heard_nothing` wants to be called."""

    def __init__(self, options: AudioCodesOptions, outbox: Outbox) -> None:
        self.due_us: int | None = None
        self.closing = False  # the call ends once all has been heard: nobody listens again
        self.to_fetch: list[PlayUrl] = []  # prompts whose bytes somebody else must bring
        self._out = outbox
        self._barge_in = options.barge_in
        self._prompt_barge_in: bool | None = None  # what the prompt being played says of itself
        self._events: frozenset[str] = frozenset(options.send_events)
        self._patience_us = options.resume_recognition.us
        self._playing = Playing(options.formats)
        self._user: UserStream | None = None  # None: the bot gets words instead
        if options.direct_stt:
            self._user = UserStream(outbox.conversation_id, line_format(options), options.chunk.us)
        self._paused = False
        self._finishing = False  # something was played whose end has not been told
        self._fetching: list[PlayUrl] = []

    @property
    def pending(self) -> bool:
        """Whether something that arrived is still to be heard."""
        return self._playing.unplayed or bool(self._fetching)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Settings for the rest of the call."""
        barge_in = _truth(settings.get("bargeIn"))
        self._barge_in = self._barge_in if barge_in is None else barge_in
        wanted = settings.get("sendEventsToBot")
        if isinstance(wanted, list):
            names = frozenset(name for name in wanted if isinstance(name, str))
            self._events = names | (self._events & {URL_FAILED})
        handling = settings.get("playUrlFailureHandling")
        if isinstance(handling, str):
            told = {URL_FAILED} if handling.casefold() == "notify-bot" else set()
            self._events = self._events - {URL_FAILED} | told
        timeout_ms = settings.get("resumeRecognitionTimeoutMS")
        if isinstance(timeout_ms, int) and timeout_ms > 0:
            self._patience_us = timeout_ms * 1_000

    # --- the caller's stream ----------------------------------------------------------------

    def accept(self, name: str, audio: AudioFormat) -> None:
        """The bot takes the caller's audio in this format."""
        if self._user is not None:
            self._user.accept(audio, header=has_header(name))

    def ask(self) -> None:
        """Begin to stream the caller."""
        if self._user is not None:
            self._out.say(UserStreamStart(self._out.conversation_id))
            self._user.ask()

    def wait_for_greeting(self, at_us: int) -> None:
        """Begin to stream the caller once the bot has spoken."""
        if self._user is not None:
            self._paused, self.due_us = True, at_us + self._patience_us

    def started(self) -> None:
        """The bot takes the caller's audio from now on."""
        if self._user is not None:
            self._user.started()

    def audio(self, frame: bytes) -> list[str]:
        """The caller's next 20 ms; answers with what is to be sent of it."""
        return [] if self._user is None else self._user.feed(frame)

    def turn_over(self, at_us: int) -> None:
        """The bot has understood the caller."""
        if not self._barge_in:
            self._pause(at_us)
            if self._paused and not self._playing.busy:
                self.due_us = at_us + self._patience_us

    def heard_nothing(self, at_us: int) -> None:
        """`due_us` has come: the bot did not reply."""
        self.due_us = None
        self._listen_again(at_us)

    def _pause(self, at_us: int) -> None:
        if self._user is None or self._paused:
            return
        self._paused = True
        if self._user.state != OFF:
            self._out.say(UserStreamStop(self._out.conversation_id))
        self._user.stop()
        self._out.tell(ListeningPaused(at_us=at_us))

    def _listen_again(self, at_us: int) -> None:
        prevented = self.closing or (self._playing.busy and not self._may_interrupt)
        if self._paused and self._out.connected and not prevented:
            self._paused, self.due_us = False, None
            self.ask()
            self._out.tell(ListeningResumed(at_us=at_us))

    # --- the connection ---------------------------------------------------------------------

    def lost(self, at_us: int) -> None:
        """The connection is gone; what arrived is played out."""
        self._out.told(self._playing.lost(at_us))
        if self._user is not None:
            self._user.stop()

    def resumed(self, at_us: int) -> None:
        """Another connection took the call on."""
        if self._paused:
            self._listen_again(at_us)
        else:
            self.ask()

    # --- what the bot plays -----------------------------------------------------------------

    def play_stream(self, message: PlayStreamStart | PlayStreamChunk | PlayStreamStop, at_us: int) -> None:
        """A message about a play stream."""
        match message:
            case PlayStreamStart():
                self._speaks(message.params, at_us)
                self._out.told(self._playing.start(message, at_us))
            case PlayStreamChunk():
                self._out.told(self._playing.chunk(message, at_us))
                self._finishing = self._finishing or self._playing.unplayed
            case PlayStreamStop(stream_id):
                self._out.told(self._playing.stop(stream_id, at_us))
                self._after_playing(at_us)
            case _:
                assert_never(message)

    def message(self, text: str, at_us: int) -> None:
        """Words that the platform speaks itself; here that takes no time."""
        self.due_us = None
        self._out.tell(AgentMessaged(at_us=at_us, text=text))
        self._finishing = True
        self._after_playing(at_us)

    def play_url(self, prompt: PlayUrl, at_us: int) -> None:
        """A prompt: one that is not in its address is put into `to_fetch`."""
        self._speaks(prompt.settings, at_us)
        if is_data(prompt.url):
            self._prompt(prompt, lambda: decoded(prompt.url, prompt.media_format), at_us)
        else:
            self._fetching.append(prompt)
            self.to_fetch.append(prompt)

    def fetched(self, prompt: PlayUrl, data: bytes, at_us: int) -> None:
        """The bytes of a prompt from `to_fetch`."""
        if self._awaited(prompt):
            self._prompt(prompt, lambda: prompt_of(data, prompt.media_format), at_us)

    def not_fetched(self, prompt: PlayUrl, reason: str, at_us: int) -> None:
        """A prompt from `to_fetch` cannot be had."""
        if self._awaited(prompt):
            self._unplayable(prompt, reason, at_us)

    def _awaited(self, prompt: PlayUrl) -> bool:
        """Whether it was not aborted meanwhile; from here on it is not awaited."""
        awaited = prompt in self._fetching
        if awaited:
            self._fetching.remove(prompt)
        return awaited

    def interrupt(self, at_us: int) -> None:
        """Stop playing, if what is played may be interrupted."""
        if self._may_interrupt:
            self._finishing = False
            self._fetching.clear()
            self.to_fetch.clear()
            self._out.told(self._playing.flush(at_us))

    def played_out(self, at_us: int) -> None:
        """Everything that arrived so far has been heard."""
        self._playing.unplayed = False
        self._after_playing(at_us)

    @property
    def _may_interrupt(self) -> bool:
        return self._barge_in if self._prompt_barge_in is None else self._prompt_barge_in

    def _speaks(self, settings: Mapping[str, Any], at_us: int) -> None:
        """The bot takes its turn; `settings` are those of what it plays."""
        self.due_us = None
        self._prompt_barge_in = _truth(settings.get("bargeIn"))
        if not self._may_interrupt:
            self._pause(at_us)
        elif self._prompt_barge_in:  # a turn that was understood had paused it
            self._listen_again(at_us)

    def _after_playing(self, at_us: int) -> None:
        if self._playing.busy or self._fetching:
            return
        self._prompt_barge_in = None
        if self._finishing:
            self._finishing = False
            self._notify("playFinished", at_us)
        self._listen_again(at_us)

    def _prompt(self, prompt: PlayUrl, read: Callable[[], Prompt], at_us: int) -> None:
        try:
            audio = read()
        except PromptError as error:
            self._unplayable(prompt, str(error), at_us)
        else:
            self._finishing = True
            self._out.told(self._playing.prompt(audio, prompt.text, at_us))

    def _unplayable(self, prompt: PlayUrl, reason: str, at_us: int) -> None:
        self._out.fault("bad-prompt", f"a prompt of playUrl cannot be played: {reason}", at_us)
        url = prompt.url if len(prompt.url) <= 200 else prompt.url[:200] + "…"
        told = {"reason": reason, "playUrlUrl": url, "selfGenerated": False}
        self._notify(URL_FAILED, at_us, told)
        self._after_playing(at_us)

    def _notify(self, name: str, at_us: int, value: Any = None) -> None:
        if name in self._events:
            self._out.event(name, at_us, value=value)


def _truth(value: Any) -> bool | None:
    """A setting as bots write it: JSON's true, or the word."""
    words = {"true": True, "false": False}
    return (
        value if isinstance(value, bool) else words.get(value.casefold()) if isinstance(value, str) else None
    )
