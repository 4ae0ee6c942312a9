"""A call that follows TwiML, or that a bot may change by REST: streams come and go while it lasts.

Theory of operation: a document is walked verb by verb. `begin` walks until the first stream is open: then the
call is up. `listen` goes on from there: while a stream both ways is open the walk stands still; when the bot
closes it, the verbs after it run, and after the last of them the call is over. Whatever a bot does by REST
reaches the call as an update, which cuts short what the call is waiting for.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from turnspec.adapters.base import Dial, LineError, LineRefused
from turnspec.adapters.faults.shell import make_faulty
from turnspec.adapters.frames import Fault
from turnspec.adapters.text_shell import TextClient
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.adapters.twilio.excerpts import excerpt, short
from turnspec.adapters.twilio.faults import DIALECT
from turnspec.adapters.twilio.ids import ACCOUNT_SID, call_sid, stream_sid
from turnspec.adapters.twilio.limits import beside
from turnspec.adapters.twilio.one_way import OneWayEnd
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.adapters.twilio.rest import Completed, Redirected, Update
from turnspec.adapters.twilio.shell import TwilioCall
from turnspec.adapters.twilio.streams_shell import OneWayStream, StreamWitness, TwoWayStream
from turnspec.adapters.twilio.twiml import (
    Connect,
    Hangup,
    Pause,
    Play,
    Reject,
    Say,
    Start,
    Stop,
    Stream,
    Transfer,
    Twiml,
    TwimlError,
    Unsupported,
    Verb,
    Walk,
    read_twiml,
)
from turnspec.adapters.twilio.upgrade_shell import auth_token, upgrade_headers, upgraded
from turnspec.adapters.twilio.webhook import (
    Party,
    Signer,
    StreamAddress,
    callback_url,
    stream_address,
)
from turnspec.adapters.twilio.webhook_shell import StatusCallbacks, Web, report, stream_refused, web_base
from turnspec.call.events import (
    AgentActivity,
    AgentHungUp,
    AgentMessaged,
    AgentTransferred,
    CallUp,
    FlushAsked,
    LineBroke,
    Side,
)

ENDED_BY_REST: Final = "by REST"


async def dial(request: Dial, options: TwilioOptions) -> TwimlCall:
    """Make a call that begins at the voice webhook, or at the socket where a platform has its REST API.

    Raises:
        LineRefused: The agent's side declined, or its TwiML opens no stream.
        NothingListens: No connection, or no answer within `request.timeout_us`.
    """
    call = TwimlCall(request, options)
    try:
        await call.begin()
    except BaseException:
        await call.hang_up()
        raise
    return call


class TwimlCall:
    """A call with the streams that its TwiML opened. Sending where none is open does nothing."""

    def __init__(self, request: Dial, options: TwilioOptions) -> None:
        self._request = request
        self._options = options
        self._witness = request.witness
        platform = request.platform
        self._desk = platform.desk if isinstance(platform, TwilioPlatform) else None
        token = auth_token(request)
        account = self._desk.account_sid if self._desk else options.account_sid or ACCOUNT_SID
        self._signer = Signer(options.signature, token)
        self._party = Party(account, call_sid(request.identity), request.caller_number, request.callee_number)
        self._webhook = web_base(request.url, webhook=options.start_at == "webhook")
        self._web = Web(self._party, self._signer, request.headers, self._witness, request.timeout_us)
        self._callbacks = StatusCallbacks(self._web, self._webhook)
        self._walk = Walk(Twiml())
        self._main: TwoWayStream | None = None
        self._copies: list[OneWayStream] = []
        self._opened = 0
        self._update: Update | None = None
        self._changed = asyncio.Event()  # the call is to do something else than it was about to
        self._end: str | None = None  # why the call is over, on its own account
        self._hung_up = False

    # --- from dialling to the first stream ------------------------------------------------------

    async def begin(self) -> None:
        """Walk until a stream is open.

        Raises:
            LineRefused: The agent's side declined, or the call ended without a stream.
            NothingListens: No connection, or no answer in time.
        """
        if self._desk is not None:
            self._desk.register(self._party, self._updated)
        if self._options.start_at == "socket":
            await self._connect(
                Stream(self._request.url, parameters=dict(self._options.parameters)), self._direct()
            )
            return
        options = self._options
        document = await self._web.twiml(
            self._request.url, options.webhook_method, "ringing", options.parameters, options.signed_url
        )
        self._follow(document)
        while not self._opened and self._end is None:
            await self._go_on()
        if not self._opened:
            raise LineRefused(f"the call ended before a stream was open: {self._end}")

    def _direct(self) -> StreamAddress:
        return StreamAddress(self._request.url)

    def _follow(self, document: Twiml) -> None:
        report(self._witness, *document.faults)
        self._walk = Walk(document)

    # --- the call while it is up ----------------------------------------------------------------

    @property
    def backlog(self) -> int:
        """Bytes that a stream's peer has not taken yet."""
        main = self._main.call.backlog if self._main else 0
        return max((main, *(copy.backlog for copy in self._copies)))

    async def listen(self) -> None:
        """Report what the bot does until the call is over."""
        try:
            while self._end is None and not self._hung_up:
                await self._go_on()
        except asyncio.CancelledError:
            for task in [copy.reading for copy in self._copies]:
                task.cancel()
            if self._main is not None:
                self._main.listening.cancel()
            raise
        finally:
            if self._desk is not None:
                self._desk.over(self._party.call_sid)

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the caller, mu-law at 8 kHz."""
        if self._main is not None:
            self._main.call.send_audio(frame)
        for copy in self._copies:
            copy.send_audio(frame)

    def send_digit(self, digit: str) -> None:
        """Press one key; only a stream both ways carries it."""
        if self._main is not None:
            self._main.call.send_digit(digit)

    def send_text(self, text: str) -> None:  # the signature is the protocol's
        """Refused: a telephone carries no text."""
        raise NotImplementedError("a Twilio media stream carries no text: the compiler refuses such a step")

    def request_reply(self) -> None:
        """Refused: the wire has no such word."""
        raise NotImplementedError("a Twilio media stream cannot ask for a reply")

    def return_function(self, call_id: str, output: str) -> None:  # the protocol's signature
        """Refused: the wire has no function calls."""
        raise NotImplementedError("a Twilio media stream carries no function calls")

    def mark_reached(self, name: str) -> None:
        """Send the bot's mark back: all before it was played or cleared."""
        if self._main is not None:
            self._main.call.mark_reached(name)

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Nothing: Twilio does not tell a bot how much was heard, it only returns the marks."""

    def played_out(self) -> None:
        """Nothing: the wire has no word for it."""

    async def hang_up(self) -> None:
        """End every stream with `stop`, and tell of it."""
        self._hung_up = True
        self._changed.set()
        if self._desk is not None:
            self._desk.over(self._party.call_sid)
        await self._leave_main()
        for copy in list(self._copies):
            await copy.end()
        await self._callbacks.told()

    # --- one thing after another ----------------------------------------------------------------

    async def _go_on(self) -> None:
        """Do what comes next, and return when it is done or something else has become more urgent."""
        if self._update is not None:
            update, self._update = self._update, None
            self._changed.clear()
            await self._changed_by(update)
        elif self._main is not None:
            await self._hear(self._main)
        else:
            await self._do(self._walk.next())

    async def _hear(self, main: TwoWayStream) -> None:
        changed = asyncio.get_running_loop().create_task(self._changed.wait(), name="await an update")
        try:
            await asyncio.wait({main.listening, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if not main.listening.done():
            return
        main.listening.result()  # raises what the hearing of it failed with
        ended = main.witness.ended
        if ended is not None and (isinstance(ended, LineBroke) or self._walk.done):
            self._end = ended.reason
            self._witness.happened(replace(ended, at_us=self._witness.now_us()))
        elif not self._hung_up:
            self._drop_playback()
        if self._main is main:
            await self._leave_main()

    async def _do(self, verb: Verb | None) -> None:
        match verb:
            case Say(text):
                self._witness.happened(AgentMessaged(at_us=self._witness.now_us(), text=text))
                await self._pass(verb.duration_us)
            case Play(what):
                self._activity("Play", what)
                await self._pass(verb.duration_us)
            case Pause(duration_us):
                await self._pass(duration_us)
            case Connect(stream):
                await self._open(stream, one_way=False)
            case Start(stream):
                await self._open(stream, one_way=True)
            case Stop(name):
                for copy in [copy for copy in self._copies if copy.noun.name == name]:
                    await copy.end()
            case Hangup():
                self._finish("its TwiML hung up")
            case None:
                self._finish("its TwiML came to its end")
            case Reject(reason):
                self._finish(f"its TwiML rejected the call ({short(reason, quote=False)})")
            case Transfer(name, target):
                at_us, details = self._witness.now_us(), {"verb": name}
                self._witness.happened(AgentTransferred(at_us=at_us, target=target, details=details))
                whom = short(target, quote=False) or "somebody else"
                self._finish(f"its TwiML gave the call to {whom} by <{name}>")
            case Unsupported(name):
                self._unsupported(name)

    def _unsupported(self, name: str) -> None:
        detail = f"its TwiML goes on with <{name}>, which is not followed here"
        if self._opened:
            report(self._witness, Fault("unsupported-verb", detail, f"<{name}>"))
        self._finish(detail)

    def _activity(self, name: str, what: str) -> None:
        payload = {"what": what}
        self._witness.happened(AgentActivity(at_us=self._witness.now_us(), name=name, payload=payload))

    def _finish(self, reason: str) -> None:
        """The call is over because the agent's side said so."""
        self._end = reason
        if self._opened:
            self._witness.happened(AgentHungUp(at_us=self._witness.now_us(), reason=reason))

    async def _pass(self, duration_us: int) -> None:
        """Let time pass, unless prompts are skipped and nobody listens yet."""
        if self._options.prompts == "skip" and not self._copies:
            return
        try:
            async with asyncio.timeout(duration_us / 1_000_000):
                await self._changed.wait()
        except TimeoutError:
            return

    # --- streams --------------------------------------------------------------------------------

    async def _open(self, stream: Stream, *, one_way: bool) -> None:
        """Open a stream of a document; one that cannot be opened refuses the call only if it is the first."""
        try:
            address, faults = stream_address(stream.url, self._webhook, self._options.stream_host)
            copies = [copy.noun for copy in self._copies]
            report(self._witness, *faults, *beside(stream, copies, one_way=one_way))
            await (self._copy if one_way else self._connect)(stream, address)
        except (LineError, TwimlError) as error:
            self._callbacks.tell(stream, self._next_sid(), "stream-error", str(error))
            if not self._opened:
                raise stream_refused(stream, error) from error
            report(
                self._witness, Fault("stream-refused", f"a Stream of its TwiML: {error}", excerpt(stream.url))
            )

    async def _connect(self, stream: Stream, address: StreamAddress) -> None:
        request, options = self._request, self._options
        connection = await self._upgraded(address)
        make_faulty(connection, request.faults, DIALECT, self._witness, Side.LINE)
        self._opened += 1
        witness = StreamWitness(self._witness, first=self._opened == 1)
        offset_ms = options.timestamp_offset.us // 1000
        account = self._party.account_sid
        end = CallerEnd(
            request.identity, stream.parameters, offset_ms, account_sid=account, stream=self._opened
        )
        self._main = TwoWayStream(stream, end.stream_sid, TwilioCall(connection, end, witness), witness)
        self._main.call.open()
        self._callbacks.tell(stream, end.stream_sid, "stream-started")
        if self._hung_up:
            await self._leave_main()

    async def _copy(self, stream: Stream, address: StreamAddress) -> None:
        connection = await self._upgraded(address)
        sid = self._next_sid()
        self._opened += 1
        offset_ms = self._options.timestamp_offset.us // 1000
        party = self._party
        end = OneWayEnd(party.account_sid, party.call_sid, sid, stream.track, stream.parameters, offset_ms)
        self._copies.append(OneWayStream(stream, connection, end, self._witness, self._copy_closed))
        if self._opened == 1:
            self._witness.happened(CallUp(at_us=self._witness.now_us()))
        self._callbacks.tell(stream, sid, "stream-started")

    async def _upgraded(self, address: StreamAddress) -> TextClient:
        signer, direct = self._signer, address.place is None
        signed = (self._options.signed_url or address.url) if direct else address.url
        headers = upgrade_headers(self._request.headers, signer.signing, signer.auth_token, signed)
        return await upgraded(address.url, headers, self._request.timeout_us, address.place)

    def _next_sid(self) -> str:
        return stream_sid(self._request.identity, self._opened + 1)

    async def _leave_main(self) -> None:
        main, self._main = self._main, None
        if main is not None:
            await main.end()
            self._callbacks.tell(main.noun, main.sid, "stream-stopped")

    def _copy_closed(self, copy: OneWayStream) -> None:
        self._copies.remove(copy)
        self._callbacks.tell(copy.noun, copy.sid, "stream-stopped")

    def _drop_playback(self) -> None:
        # What a stream had queued goes with it: the next verb, or the next stream, is heard at once.
        self._witness.happened(FlushAsked(at_us=self._witness.now_us()))

    # --- REST -----------------------------------------------------------------------------------

    def _updated(self, update: Update) -> None:
        self._update = update
        self._changed.set()

    async def _changed_by(self, update: Update) -> None:
        match update:
            case Completed():
                self._finish(ENDED_BY_REST)
                await self._leave_main()
            case Redirected():
                await self._leave_main()
                self._drop_playback()
                await self._redirected(update)

    async def _redirected(self, update: Redirected) -> None:
        try:
            if update.twiml:
                self._follow(read_twiml(update.twiml.encode()))
            else:
                url = callback_url(update.url, self._webhook)
                self._follow(await self._web.twiml(url, update.method, "in-progress"))
        except (TwimlError, LineError) as error:
            detail = f"a redirect by REST to TwiML that cannot be followed: {error}"
            report(self._witness, Fault("twiml", detail, update.twiml or update.url))
            self._finish(detail)
