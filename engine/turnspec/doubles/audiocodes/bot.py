"""A local agent on the bot's side of an AudioCodes Bot API WebSocket, without I/O.

Theory of operation: frames and due times come in, frames go out, events are reported. What the agent does is
`PhoneAgent`'s; here are its words. It accepts the first media format offered that it knows, and greets when
the activity `start` arrives. A reply is one play stream, or a message where the platform wants no audio.
There is no mark: the reply was played out when as much time has passed as its audio takes, or when
`playFinished` says so. Its voice activity detection is told as it happens; that interrupts the platform's
playback, so it is kept from it while something is said that is not to be interrupted. A connection that is
lost without `session.end` may be taken up on another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from turnspec.adapters.audiocodes.bot import BotEnd
from turnspec.adapters.audiocodes.formats import MEDIA_FORMATS, audio_format, has_header
from turnspec.adapters.audiocodes.messages import (
    Activities,
    Activity,
    ConnectionValidate,
    Message,
    SessionEnd,
    SessionInitiate,
    SessionResume,
    UserStreamChunk,
    UserStreamStart,
    UserStreamStop,
)
from turnspec.adapters.audiocodes.wav import WavError, is_wav, read_header, streamed_header
from turnspec.call import MULAW_8K, AudioFormat
from turnspec.call.events import Event, HarnessFailed, Side
from turnspec.doubles.agent.phone import PhoneAgent, Port
from turnspec.doubles.agent.reply import Agent, Heard, Reply, Transfer

NOTICED_US: Final = 130_000  # the end of a known recording, after the chunk in which it is
MOST_DIGITS: Final = 20  # AudioCodes ignores a `sendDtmf` of more
MOST_KEPT: Final = 64
KEYS: Final = frozenset("0123456789*#ABCD")


def after_chunks_of(chunk_us: int) -> int:
    """How long after speech that arrives in chunks of this length its end has surely been noticed."""
    return NOTICED_US + chunk_us


@dataclass(slots=True)
class Conversation:
    """A call with its agent, which outlives a lost connection."""

    id: str
    agent: PhoneAgent
    accepted: str | None
    hears: AudioFormat
    plays: str
    speaks: AudioFormat
    greeted: bool = False


class Conversations:
    """Those that lost their connection, by id; the oldest are forgotten."""

    def __init__(self) -> None:
        self._lost: dict[str, Conversation] = {}

    def keep(self, conversation: Conversation) -> None:
        """Remember one until it is taken up again."""
        self._lost[conversation.id] = conversation
        if len(self._lost) > MOST_KEPT:
            del self._lost[next(iter(self._lost))]

    def take(self, conversation_id: str) -> Conversation | None:
        """The one of this id, if it is known."""
        return self._lost.pop(conversation_id, None)


class AudioCodesBot(Port):
    """One connection of a local agent. `next_wake_us`: `wake` is due; `closing`: close the socket now.

    `plays` is the media format of all play streams, None: the one that was accepted for the caller.
    """

    def __init__(
        self,
        agent: Agent,
        report: Callable[[Event], None],
        lost: Conversations | None = None,
        *,
        plays: str | None = None,
    ) -> None:
        self.closing = False
        self._brain = agent
        self._report = report
        self._lost = Conversations() if lost is None else lost
        self._plays = plays
        self._end = BotEnd()
        self._talk: Conversation | None = None
        self._out: list[str] = []
        self._participant: str | None = None
        self._first_chunk = True
        self._told = False  # the platform knows that the caller is speaking
        self._playing: list[str] = []  # replies in their order
        self._plays_until_us = 0

    @property
    def next_wake_us(self) -> int | None:
        """When something is to be done unasked."""
        return None if self._talk is None else self._talk.agent.next_wake_us

    def receive(self, frame: str | bytes, at_us: int) -> list[str]:
        """Take a frame of the platform; the frames to send for it."""
        decoded = self._end.receive(frame)
        if decoded.message is None and decoded.faults:
            self._fail(decoded.faults[0].detail, at_us)
        match decoded.message:
            case ConnectionValidate():
                self._out.append(self._end.validated())
            case SessionInitiate() as initiate:
                self._initiate(initiate, at_us)
            case SessionResume(conversation_id):
                self._resume(conversation_id)
            case None:
                pass
            case _ if self._talk is None:
                self._fail("it came before session.initiate", at_us)
            case message:
                self._go_on(self._talk, message, at_us)
        return self._taken(at_us)

    def wake(self, at_us: int) -> list[str]:
        """Do what is due; the frames to send."""
        if self._talk is not None:
            self._talk.agent.wake(at_us)
        return self._taken(at_us)

    def gone(self, at_us: int) -> None:
        """The connection is closed; unless the call was over, it may go on over another."""
        if self._talk is None or self.closing:
            return
        talk, self._talk = self._talk, None
        talk.agent.lost(at_us)
        if not talk.agent.over:
            self._lost.keep(talk)

    # --- the session --------------------------------------------------------------------------------

    def _initiate(self, initiate: SessionInitiate, at_us: int) -> None:
        if self._talk is not None:
            self._out.append(self._end.decline("a conversation is going on over this connection"))
            return
        accepted = self._end.choose(MEDIA_FORMATS)
        if accepted is None and (initiate.expect_audio or initiate.formats):
            offered = ", ".join(initiate.formats) or "none"
            reason = f"none of the media formats offered is known here: {offered}"
            self._out.append(self._end.decline(reason))
            return
        plays = self._plays or accepted or ""
        hears, speaks = (audio_format(name or "") or MULAW_8K for name in (accepted, plays))
        agent = PhoneAgent(
            self._brain, self, self._report, hears=hears, speaks=speaks if initiate.expect_audio else None
        )
        self._talk = Conversation(initiate.conversation_id, agent, accepted, hears, plays, speaks)
        agent.up()
        self._plays_until_us = at_us
        self._out.append(self._end.accept(accepted))

    def _resume(self, conversation_id: str) -> None:
        if self._talk is None:
            self._talk = self._lost.take(conversation_id)
            if self._talk is not None:
                self._talk.agent.move(self, self._report)
        if self._talk is None or self._talk.id != conversation_id:
            self._out.append(self._end.decline("conversation not found"))
            return
        self._out.append(self._end.accept(self._talk.accepted))

    def _go_on(self, talk: Conversation, message: Message, at_us: int) -> None:
        match message:
            case UserStreamChunk(_, payload, _):
                self._listen(talk, payload, at_us)
            case UserStreamStart(_, participant):
                self._first_chunk = True
                self._participant = participant
                self._out.append(self._end.started(participant))
            case UserStreamStop(_, participant):
                self._out.append(self._end.stopped(participant))
                talk.agent.break_off(at_us)
            case Activities(activities):
                for activity in activities:
                    self._activity(talk, activity, at_us)
            case SessionEnd():
                talk.agent.gone(at_us)
                self.closing = True
            case _:
                pass

    def _listen(self, talk: Conversation, payload: bytes, at_us: int) -> None:
        if not self._end.hears:
            self._fail("audio outside of userStream.started and stopped", at_us)
            return
        if self._first_chunk and has_header(talk.accepted or ""):
            payload = self._without_header(payload, at_us)
        self._first_chunk = False
        if rest := len(payload) % talk.hears.sample_bytes:
            self._fail("its audio ends in half a sample", at_us)
            payload = payload[:-rest]
        talk.agent.listen(payload, at_us)

    def _without_header(self, payload: bytes, at_us: int) -> bytes:
        try:
            header = read_header(payload) if is_wav(payload) else None
        except WavError as error:
            self._fail(f"its audio is no WAV file: {error}", at_us)
            return b""
        return payload if header is None else payload[header.size :]

    def _activity(self, talk: Conversation, activity: Activity, at_us: int) -> None:
        agent = talk.agent
        match activity.name.casefold():
            case "start" if not talk.greeted:
                talk.greeted = True
                agent.greet(at_us)
            case "dtmf":
                self._keys(agent, activity.value, at_us)
            case "playfinished" if len(self._playing) > (self._end.playing is not None):
                agent.played_out(self._playing.pop(0))
                if not self._playing:
                    self._plays_until_us = at_us
            case "" if activity.text.strip():
                agent.read(activity.text, at_us)
            case _:
                pass

    def _keys(self, agent: PhoneAgent, value: Any, at_us: int) -> None:
        # Whether several digits in one event are a whole entry is the platform's to say: it collected them.
        digits = str(value).upper()
        if not digits or not KEYS.issuperset(digits):
            self._fail(f"{value!r} is no key", at_us)
        elif len(digits) == 1:
            agent.press(digits, at_us)
        else:
            agent.press_all(digits, at_us)

    # --- what the agent asks of the line: `Port` ------------------------------------------------------

    def say(self, reply_id: str, reply: Reply, at_us: int, *, aloud: bool) -> None:  # noqa: ARG002 # as every line does it
        """Open a play stream, or send the words."""
        if aloud and self._talk is not None:
            self._playing.append(reply_id)
            self._out.append(self._end.play_start(self._talk.plays, reply.text))
            if has_header(self._talk.plays):
                self._out.append(self._end.play(streamed_header(self._talk.speaks)))
        elif reply.text is not None:
            self._out.append(self._end.message(reply.text))

    def audio(self, reply_id: str, data: bytes, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Send the next audio of a reply."""
        if self._talk is not None:
            length_us = self._talk.speaks.duration_us(len(data))
            self._plays_until_us = max(self._plays_until_us, at_us) + length_us
            self._out.append(self._end.play(data))

    def audio_over(self, reply_id: str, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Close the play stream, and note when it will have been played."""
        self._close()
        if self._talk is not None:
            self._talk.agent.at(self._plays_until_us, partial(self._played, reply_id))

    def flush(self, at_us: int, *, by_voice: bool) -> None:
        """Send nothing more; the platform was told of speech, and of anything else it is told here."""
        self._close()
        self._playing.clear()
        self._plays_until_us = at_us
        if not by_voice:
            self._out.append(self._end.event("abortPrompts"))

    def press(self, reply: Reply, digits: str, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Press keys, in as many activities as it takes."""
        for start in range(0, len(digits), MOST_DIGITS):
            self._out.append(self._end.press(digits[start : start + MOST_DIGITS]))

    def transfer(self, reply: Reply, transfer: Transfer, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Give the call away; the platform ends this connection."""
        params: dict[str, Any] = {"transferTarget": transfer.target}
        if transfer.reason:
            params["handoverReason"] = transfer.reason
        if transfer.headers:
            headers = [{"name": name, "value": value} for name, value in transfer.headers.items()]
            params["transferSipHeaders"] = headers
        self._out.append(self._end.event("transfer", params))

    def hang_up(self, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Ask for the end; the platform says when it has come."""
        self._out.append(self._end.hang_up())

    def caller_began(self, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Tell that there is speech."""
        self._told = True
        self._out.append(self._end.speech_started(self._participant))

    def caller_paused(self, heard: Heard, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Tell what it may be, to whom knows that there is speech."""
        if not self._told:
            return
        if heard.text is not None:
            self._out.append(self._end.hypothesis(heard.text, self._participant))
        self._stopped()

    def caller_finished(self, heard: Heard, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Tell that the turn is over, and what was said in it."""
        self._stopped()
        self._out.append(self._end.speech_committed(self._participant))
        if heard.text is not None:
            self._out.append(self._end.recognition(heard.text, heard.score, self._participant))

    def _stopped(self) -> None:
        if self._told:
            self._told = False
            self._out.append(self._end.speech_stopped(self._participant))

    def _played(self, reply_id: str, at_us: int) -> None:
        del at_us
        if reply_id in self._playing and self._talk is not None:
            self._playing.remove(reply_id)
            self._talk.agent.played_out(reply_id)

    def _close(self) -> None:
        if self._end.playing is not None:
            self._out.append(self._end.play_stop())

    def _fail(self, wrong: str, at_us: int) -> None:
        reason = f"the caller's frame is wrong: {wrong}"
        self._report(HarnessFailed(at_us=at_us, side=Side.AGENT, reason=reason))

    def _taken(self, at_us: int) -> list[str]:
        if self._talk is not None:
            self._talk.agent.settle(at_us)
        frames, self._out = self._out, []
        return frames
