"""The platform's end of a call, without I/O: what VoiceAI Connect sends and makes of what arrives.

Theory of operation. `opening` begins; the call is up once the bot has said `session.accepted`, and what it
says before that waits until then. The caller's audio streams from `userStream.started` on. A hang-up waits
until what was sent has played; then `session.end` leaves, and the call is over. A connection that is lost
without a hang-up can be resumed over another one.

The playback clock is not here: whoever owns it calls `played_out`. Nor is any other: `wake_us` says when
`woken` wants to be called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, assert_never

from turnspec.adapters.audiocodes import asked
from turnspec.adapters.audiocodes.formats import audio_format
from turnspec.adapters.audiocodes.keys import keys_of
from turnspec.adapters.audiocodes.messages import (
    Activities,
    Activity,
    ConnectionValidate,
    ConnectionValidated,
    Message,
    NewerMessage,
    PlayStreamChunk,
    PlayStreamStart,
    PlayStreamStop,
    SessionAccepted,
    SessionEnd,
    SessionError,
    SessionInitiate,
    SessionResume,
    SpeechCommitted,
    SpeechHypothesis,
    SpeechRecognition,
    SpeechStarted,
    UserStreamStarted,
)
from turnspec.adapters.audiocodes.opening import start_parameters
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.audiocodes.outbox import Outbox, Reaction
from turnspec.adapters.audiocodes.talk import Talk
from turnspec.adapters.audiocodes.wire import decode_bot
from turnspec.adapters.excerpts import short
from turnspec.call import Identity
from turnspec.call.events import (
    AgentActivity,
    AgentHungUp,
    AgentPressed,
    AgentTransferred,
    CallerGuessed,
    CallerHeard,
    CallUp,
    LineBroke,
    LineResumed,
)

NO_CLOSE_FRAME: Final = 1006


class Stage(Enum):
    """How far the call is."""

    WAITING = "waiting"  # for `session.accepted`
    UP = "up"
    LOST = "lost"  # the connection, not the call
    RESUMING = "resuming"  # another connection is there, and `session.resume` not answered yet
    OVER = "over"


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the call will end once everything has played."""

    code: str
    reason: str


class CallerEnd:
    """One call, seen from the platform; its ids are a function of `identity` alone."""

    def __init__(self, options: AudioCodesOptions, identity: Identity, caller: str, callee: str) -> None:
        self.stage = Stage.WAITING
        self.refusal = ""  # why the bot does not take the call
        self.said_end = False  # `session.end` was sent: the bot is to close the connection
        self._options = options
        self._caller, self._callee = caller, callee
        self._out = Outbox(identity, options.language)
        self._talk = Talk(options, self._out)
        self._keys = keys_of(options)
        self._ending: _Ending | None = None
        self._attempt = 0
        self._early: list[Message] = []

    @property
    def conversation_id(self) -> str:
        """The call's id."""
        return self._out.conversation_id

    @property
    def is_ending(self) -> bool:
        """Whether the bot has ended the call, which goes on only until all has played."""
        return self._ending is not None

    @property
    def validates(self) -> bool:
        """Whether this is no call, but the validation of a connection."""
        return self._options.start_at == "validate"

    @property
    def wake_us(self) -> int | None:
        """When `woken` wants to be called."""
        due = [moment for moment in (self._talk.due_us, self._keys.due_us) if moment is not None]
        return None if self.stage is Stage.OVER else min(due, default=None)

    def prompts_to_fetch(self) -> list[asked.PlayUrl]:
        """Take the prompts whose bytes are wanted: each is answered with `fetched` or `not_fetched`."""
        prompts, self._talk.to_fetch = self._talk.to_fetch, []
        return prompts

    # --- the caller's side ------------------------------------------------------------------

    def opening(self, at_us: int) -> Reaction:
        """What is sent first."""
        options = self._options
        if self.validates:
            self._out.say(ConnectionValidate())
            self.stage = Stage.UP
            self._out.tell(CallUp(at_us=at_us))
        else:
            named = self.conversation_id, options.bot_name, self._caller
            self._out.say(SessionInitiate(*named, options.direct_tts, options.formats))
        return self._out.taken()

    def audio(self, frame: bytes) -> list[str]:
        """The caller's next 20 ms, in `line_format`; answers with what is to be sent of it."""
        return self._talk.audio(frame) if self.stage is Stage.UP else []

    def digit(self, digit: str, at_us: int) -> Reaction:
        """One key pressed by the caller."""
        self._press(self._keys.press(digit, at_us), at_us)
        return self._out.taken()

    def text(self, text: str, at_us: int) -> Reaction:
        """The caller's words, which the platform understood itself."""
        self._talk.interrupt(at_us)
        self._out.message(text, at_us)
        return self._taken(at_us)

    def activity(self, document: Mapping[str, Any], at_us: int) -> Reaction:
        """An activity as somebody wrote it; words of the caller stop the bot, as those understood do."""
        if document.get("type") == "message":
            self._talk.interrupt(at_us)
        self._out.activity(document, at_us)
        return self._taken(at_us)

    def played_out(self, at_us: int) -> Reaction:
        """Everything that arrived so far has been heard."""
        if self.stage is not Stage.OVER:
            self._talk.played_out(at_us)
        return self._taken(at_us)

    def fetched(self, prompt: asked.PlayUrl, data: bytes, at_us: int) -> Reaction:
        """The bytes of a prompt."""
        if self.stage is not Stage.OVER:
            self._talk.fetched(prompt, data, at_us)
        return self._taken(at_us)

    def not_fetched(self, prompt: asked.PlayUrl, reason: str, at_us: int) -> Reaction:
        """A prompt cannot be had."""
        if self.stage is not Stage.OVER:
            self._talk.not_fetched(prompt, reason, at_us)
        return self._taken(at_us)

    def woken(self, at_us: int) -> Reaction:
        """`wake_us` has come."""
        if self.stage is not Stage.OVER:
            if self._keys.due_us is not None and at_us >= self._keys.due_us:
                self._press(self._keys.taken(), at_us)
            if self._talk.due_us is not None and at_us >= self._talk.due_us:
                self._talk.heard_nothing(at_us)
        return self._out.taken()

    def hang_up(self) -> Reaction:
        """The caller ended the call."""
        if self.stage is Stage.UP and not self.validates:
            code = self._options.hang_up_code
            self._say_end(code, "Client Side" if code == "client-disconnected" else code)
        self._over()
        return self._out.taken()

    # --- the connection ---------------------------------------------------------------------

    def closed(self, code: int, reason: str, at_us: int) -> Reaction:
        """The bot closed the WebSocket with `code`; 1006: without a close frame."""
        self._out.connected = False
        if self.stage is Stage.UP and not (self.is_ending or self.validates):
            how = "without a close frame" if code == NO_CLOSE_FRAME else f"with code {code}"
            said = f" ({reason})" if reason else ""
            detail = f"the bot ended the connection {how}{said}; a call is ended with the activity hangup"
            self._out.fault("closed-without-hangup", detail, at_us)
            self._talk.lost(at_us)
            self.stage = Stage.LOST
        elif self.stage is Stage.RESUMING:
            self.stage = Stage.LOST
        self._early = []
        return self._out.taken()

    def resuming(self) -> Reaction:
        """A new connection is there: ask for the call to go on over it."""
        if self.stage is Stage.LOST:
            self.stage = Stage.RESUMING
            self._attempt += 1
            self._out.say(SessionResume(self.conversation_id))
        return self._out.taken()

    def gave_up(self, reason: str, at_us: int) -> Reaction:
        """The connection could not be had again."""
        if self.stage is not Stage.OVER:
            self._out.tell(LineBroke(at_us=at_us, reason=reason))
            self._over()
        return self._out.taken()

    # --- the bot's messages -----------------------------------------------------------------

    def receive(self, frame: str | bytes, at_us: int) -> Reaction:
        """What a frame of the bot means; a wrong one is a fault and otherwise ignored."""
        if self.stage is not Stage.OVER:
            message, faults = decode_bot(frame)
            for fault in faults:
                self._out.fault(fault.rule, fault.detail, at_us, fault.frame)
            if message is not None:
                self._take(message, at_us)
        return self._taken(at_us)

    def _take(self, message: Message, at_us: int) -> None:
        match message:
            case ConnectionValidated(success):
                payload = {"success": success}
                self._out.tell(AgentActivity(at_us=at_us, name="connection.validated", payload=payload))
            case SessionAccepted(media_format):
                self._accepted(media_format, at_us)
            case SessionError(reason):
                self._declined(f"session.error: {reason or 'no reason'}", at_us)
            case _ if self.stage is not Stage.UP:
                self._early.append(message)
            case _:
                self._obey(message, at_us)

    def _obey(self, message: Message, at_us: int) -> None:
        match message:
            case PlayStreamStart() | PlayStreamChunk() | PlayStreamStop():
                self._talk.play_stream(message, at_us)
            case Activities(activities):
                for activity in activities:
                    self._act(activity, at_us)
            case SessionEnd(_, code, reason):
                detail = "session.end is the platform's message; a bot ends a call with the activity hangup"
                self._out.fault("bot-session-end", detail, at_us)
                self._end("bot-disconnected", reason or code)
            case NewerMessage(name, fields):
                self._out.tell(AgentActivity(at_us=at_us, name=name, payload=dict(fields)))
            case UserStreamStarted():
                self._talk.started()
            case SpeechStarted():
                self._talk.interrupt(at_us)
            case SpeechHypothesis(texts):
                self._out.told(CallerGuessed(at_us=at_us, text=text) for text in texts[:1])
                self._talk.interrupt(at_us)
            case SpeechRecognition(alternatives):
                text, score = (
                    (alternatives[0].text, alternatives[0].confidence) if alternatives else (None, None)
                )
                self._out.tell(CallerHeard(at_us=at_us, text=text, source="protocol", score=score))
                self._talk.turn_over(at_us)
            case SpeechCommitted():
                self._talk.turn_over(at_us)
            case _:
                pass  # `userStream.stopped` and `.speech.stopped`: nothing follows from them

    def _act(self, activity: Activity, at_us: int) -> None:
        self._talk.configure(activity.session_params)
        match asked.asked(activity):
            case asked.Say(text):
                self._talk.message(text, at_us)
            case asked.HangUp(reason):
                self._end("bot-disconnected", reason)
            case asked.Transfer(target, details):
                self._out.tell(AgentTransferred(at_us=at_us, target=target, details=dict(details)))
                self._end("transferred", f"transferred to {target}")
            case asked.PlayUrl() as prompt:
                self._record(activity, at_us)
                self._talk.play_url(prompt, at_us)
            case asked.Press(digits):
                self._out.tell(AgentPressed(at_us=at_us, digits=digits))
            case asked.AbortPrompts():
                self._record(activity, at_us)
                self._talk.interrupt(at_us)
            case asked.Wrong(rule, detail):
                self._out.fault(rule, detail, at_us)
            case asked.Other():
                self._record(activity, at_us)
            case nothing_else:
                assert_never(nothing_else)

    def _record(self, activity: Activity, at_us: int) -> None:
        self._out.tell(AgentActivity(at_us=at_us, name=activity.name, payload=asked.payload(activity)))

    # --- the session ------------------------------------------------------------------------

    def _accepted(self, media_format: str | None, at_us: int) -> None:
        first = self.stage is Stage.WAITING
        if not first and self.stage is not Stage.RESUMING:
            return
        if media_format is None and first:
            self._out.fault("missing-field", "mediaFormat of session.accepted is missing", at_us)
            media_format = self._options.formats[0]
        if media_format is not None and not self._negotiated(media_format, at_us):
            return
        self.stage = Stage.UP
        self._out.tell(CallUp(at_us=at_us) if first else LineResumed(at_us=at_us, attempt=self._attempt))
        self._out.connect()
        if first:
            self._begin(at_us)
        else:
            self._attempt = 0
            self._talk.resumed(at_us)
        early, self._early = self._early, []
        for message in early:
            self._obey(message, at_us)

    def _negotiated(self, name: str, at_us: int) -> bool:
        offered = self._options.formats
        if name not in offered:
            detail = f"mediaFormat of session.accepted is {short(name)}; offered were {', '.join(offered)}"
            self._out.fault("format-not-offered", detail, at_us)
        audio = audio_format(name)
        if audio is None:
            self._declined(
                f"the bot wants the caller's audio as {short(name)}, which no platform sends", at_us
            )
            return False
        self._talk.accept(name, audio)
        return True

    def _begin(self, at_us: int) -> None:
        order = self._options.start_order
        if order == "stream_first":
            self._talk.ask()
        if self._options.start_message is not None:
            self._out.message(self._options.start_message, at_us)
        elif self._options.start:
            named = self.conversation_id, self._caller, self._callee
            self._out.event("start", at_us, parameters=start_parameters(self._options, *named))
        if order == "activity_first":
            self._talk.ask()
        elif order == "after_greeting":
            self._talk.wait_for_greeting(at_us)

    def _declined(self, reason: str, at_us: int) -> None:
        if self.stage is Stage.WAITING:
            self.refusal = reason
        else:
            answered = "session.resume was answered with " if self.stage is Stage.RESUMING else ""
            self._out.tell(LineBroke(at_us=at_us, reason=answered + reason))
        self._over()

    # --- the end ----------------------------------------------------------------------------

    def _press(self, digits: str | None, at_us: int) -> None:
        if digits is not None:
            self._out.event(self._options.dtmf_name, at_us, value=digits)

    def _end(self, code: str, reason: str) -> None:
        self._ending = self._ending or _Ending(code, reason)
        self._talk.closing = True

    def _taken(self, at_us: int) -> Reaction:
        """The reaction, with the end of the call if it was only waiting for what was to be heard."""
        ending = self._ending
        if ending is not None and not self._talk.pending and self.stage is not Stage.OVER:
            if self._out.connected:
                self._say_end(ending.code, ending.reason or "Bot Side")
            self._out.tell(AgentHungUp(at_us=at_us, reason=ending.reason))
            self._over()
        return self._out.taken()

    def _say_end(self, code: str, reason: str) -> None:
        self._out.say(SessionEnd(self.conversation_id, code, reason))
        self.said_end = True

    def _over(self) -> None:
        self.stage = Stage.OVER
        self._out.connected = False
