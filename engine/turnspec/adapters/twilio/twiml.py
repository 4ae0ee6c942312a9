"""TwiML, as far as a call with a media stream needs it: XML to verbs, and where a call stands in them.

Facts: Twilio docs, "TwiML Voice: Stream". The XML is bounded, and a document type (with it all entities)
is refused: TwiML has none. A verb that turnspec cannot follow keeps its name, so that it can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from xml.parsers import expat  # the tree below is bounded; ElementTree's parser cannot be told to refuse DTDs

from turnspec.adapters.frames import Fault
from turnspec.adapters.twilio.excerpts import short

LARGEST_DOCUMENT: Final = 64 * 1024
DEEPEST: Final = 16
MOST_ELEMENTS: Final = 2_000
MICROSECONDS: Final = 1_000_000
LONGEST_PAUSE_S: Final = 4 * 3600
CHARACTER_US: Final = 65_000  # fifteen characters a second, as people speak: nobody synthesises a <Say>
PLAY_US: Final = 3_000_000  # of a <Play>, whose length is not looked up
LONGEST_PARAMETER: Final = 499  # "TwiML Voice: Stream": name and value under 500 characters

Track: TypeAlias = Literal["inbound_track", "outbound_track", "both_tracks"]


class TwimlError(Exception):
    """What a webhook answered is no TwiML, or cannot be followed at all."""


@dataclass(frozen=True, slots=True)
class Say:
    """Twilio speaks a text."""

    text: str

    @property
    def duration_us(self) -> int:
        """About how long it takes to say."""
        return len(self.text) * CHARACTER_US


@dataclass(frozen=True, slots=True)
class Play:
    """Twilio plays a file, or digits."""

    what: str
    duration_us: int = PLAY_US


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is said."""

    duration_us: int = MICROSECONDS


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that is to be opened, as written."""

    url: str
    name: str = ""
    track: Track = "inbound_track"
    parameters: dict[str, str] = field(default_factory=dict)
    status_callback: str = ""
    status_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Connect:
    """The call is the stream's, both ways, until the bot closes it."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Start:
    """A copy of the call goes to the stream; the next verb begins at once."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Stop:
    """A one-way stream ends."""

    name: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """The call ends."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The call is not answered."""

    reason: str = "rejected"


@dataclass(frozen=True, slots=True)
class Transfer:
    """The call is given to somebody else."""

    verb: str
    target: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that turnspec does not follow, by its name."""

    verb: str


Verb: TypeAlias = "Say | Play | Pause | Connect | Start | Stop | Hangup | Reject | Transfer | Unsupported"


@dataclass(frozen=True, slots=True)
class Twiml:
    """What a document says, and what is wrong with it without stopping the call."""

    verbs: tuple[Verb, ...] = ()
    faults: tuple[Fault, ...] = ()


class Walk:
    """Where a call stands in its TwiML."""

    def __init__(self, document: Twiml) -> None:
        self._verbs = document.verbs
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self._at == len(self._verbs)

    def next(self) -> Verb | None:
        """The verb that comes next; None: there is no more, and the call is over."""
        if self.done:
            return None
        self._at += 1
        return self._verbs[self._at - 1]


def read_twiml(body: bytes) -> Twiml:
    """The verbs of a document.

    Raises:
        TwimlError: It is too large, no XML, or no TwiML.
    """
    root = _tree(body)
    if root.name != "Response":
        raise TwimlError(f"TwiML begins with <Response>, not with <{short(root.name, quote=False)}>")
    reading = _Reading()
    verbs = tuple(verb for element in root.children for verb in reading.verbs(element))
    return Twiml(verbs, tuple(reading.faults))


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, white space squeezed."""
        return " ".join("".join(self.pieces).split())


class _Tree:
    """Collects elements within the bounds."""

    def __init__(self) -> None:
        self.root: _Element | None = None
        self._open: list[_Element] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        element = _Element(name, attributes)
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise TwimlError(f"more than {MOST_ELEMENTS:,} elements, or {DEEPEST} of them in one another")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        del name
        self._open.pop()

    def text(self, piece: str) -> None:
        self._open[-1].pieces.append(piece)


def _no_document_type(*_declared: object) -> None:
    raise TwimlError("it declares a document type, which TwiML does not have")


def _tree(body: bytes) -> _Element:
    if len(body) > LARGEST_DOCUMENT:
        raise TwimlError(f"TwiML of {len(body):,} bytes; at most {LARGEST_DOCUMENT:,} are read")
    tree = _Tree()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.StartElementHandler = tree.begin
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    try:
        parser.Parse(body, True)  # noqa: FBT003 # expat's own signature: this is all of it
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: encodings it cannot read
        raise TwimlError(f"not XML: {error}") from error
    assert tree.root is not None, "a document without an element is no XML"
    return tree.root


_STREAM_ATTRIBUTES: Final = frozenset(
    {"url", "name", "track", "statusCallback", "statusCallbackMethod"}
    # The helper library writes these, and no page describes them.
    | {"connectorName", "audioFormat", "sampleRate"}
)
_TRACKS: Final[dict[str, Track]] = {
    "inbound_track": "inbound_track",
    "outbound_track": "outbound_track",
    "both_tracks": "both_tracks",
}


class _Reading:
    """Turns elements into verbs, and notes what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def verbs(self, element: _Element) -> Iterator[Verb]:
        read = _VERBS.get(element.name)
        if read is None:
            yield Unsupported(short(element.name, quote=False))
        else:
            yield from read(self, element)

    def wrong(self, detail: str, element: _Element) -> None:
        """Note what Twilio's schema does not allow."""
        written = " ".join([element.name, *(f'{k}="{v}"' for k, v in element.attributes.items())])
        self.faults.append(Fault("twiml", detail, f"<{short(written, quote=False)}>"))

    def say(self, element: _Element) -> Iterator[Verb]:
        yield Say(" ".join("".join(_texts(element)).split()))

    def play(self, element: _Element) -> Iterator[Verb]:
        yield Play(element.attributes.get("digits") or element.text)

    def pause(self, element: _Element) -> Iterator[Verb]:
        written = element.attributes.get("length", "1")
        if not (written.isascii() and written.isdecimal() and len(written) <= 9):
            self.wrong(f"the length of a Pause is a number of seconds, not {short(written)}", element)
            written = "1"
        yield Pause(min(int(written), LONGEST_PAUSE_S) * MICROSECONDS)

    def hangup(self, element: _Element) -> Iterator[Verb]:
        del element
        yield Hangup()

    def reject(self, element: _Element) -> Iterator[Verb]:
        yield Reject(element.attributes.get("reason", "rejected"))

    def transfer(self, element: _Element) -> Iterator[Verb]:
        noun = next(iter(element.children), element)
        yield Transfer(element.name, noun.text)

    def connect(self, element: _Element) -> Iterator[Verb]:
        for child in self._nouns(element):
            if child.name != "Stream":
                yield Unsupported(f"Connect with {short(child.name, quote=False)}")
            elif (stream := self._stream(child, one_way=False)) is not None:
                yield Connect(stream)
        if element.attributes.get("action"):
            yield Unsupported("Connect with an action")

    def start(self, element: _Element) -> Iterator[Verb]:
        for child in self._nouns(element):
            if child.name != "Stream":
                yield Unsupported(f"Start with {short(child.name, quote=False)}")
            elif (stream := self._stream(child, one_way=True)) is not None:
                yield Start(stream)

    def stop(self, element: _Element) -> Iterator[Verb]:
        for child in self._nouns(element):
            if child.name != "Stream":
                yield Unsupported(f"Stop with {short(child.name, quote=False)}")
            elif name := child.attributes.get("name"):
                yield Stop(name)
            else:
                self.wrong("the Stream in a Stop needs the name of the one to stop", child)

    def _nouns(self, element: _Element) -> list[_Element]:
        """The one thing that a verb is about, if there is any."""
        count = len(element.children)
        if not count:
            self.wrong(f"{element.name} is empty: it does nothing", element)
        elif count > 1:
            self.wrong(f"{element.name} holds one noun, and this one holds {count}", element)
        return element.children[:1]

    def _stream(self, element: _Element, *, one_way: bool) -> Stream | None:
        given = element.attributes
        for name in sorted(given.keys() - _STREAM_ATTRIBUTES):
            self.wrong(f"Stream has no attribute {short(name)}", element)
        if not given.get("url", "").strip():
            self.wrong("Stream has no url", element)
            return None
        return Stream(
            url=given["url"].strip(),
            name=given.get("name", ""),
            track=self._track(element, one_way=one_way),
            parameters=self._parameters(element),
            status_callback=given.get("statusCallback", "").strip(),
            status_method="GET" if given.get("statusCallbackMethod", "").upper() == "GET" else "POST",
        )

    def _track(self, element: _Element, *, one_way: bool) -> Track:
        written = element.attributes.get("track", "inbound_track")
        track = _TRACKS.get(written)
        if track is None or (not one_way and track != "inbound_track"):
            possible = ", ".join(_TRACKS) if one_way else "inbound_track"
            self.wrong(f"the track of this Stream is {short(written)}; possible is {possible}", element)
            return "inbound_track"
        return track

    def _parameters(self, element: _Element) -> dict[str, str]:
        found: dict[str, str] = {}
        for child in element.children:
            name, value = child.attributes.get("name"), child.attributes.get("value")
            if child.name != "Parameter" or name is None or value is None:
                self.wrong("a Stream holds Parameters, each with a name and a value", child)
                continue
            if len(name) + len(value) > LONGEST_PARAMETER:
                many = len(name) + len(value)
                self.wrong(f"Parameter {short(name)} has {many} characters; Twilio carries 499", child)
            found[name] = value
        return found


def _texts(element: _Element) -> Iterator[str]:
    """The words of an element and of the speech markup in it, in the order of the elements."""
    yield element.text
    for child in element.children:
        for words in _texts(child):
            yield f" {words}"


_VERBS: Final[dict[str, Callable[[_Reading, _Element], Iterator[Verb]]]] = {
    "Say": _Reading.say,
    "Play": _Reading.play,
    "Pause": _Reading.pause,
    "Connect": _Reading.connect,
    "Start": _Reading.start,
    "Stop": _Reading.stop,
    "Hangup": _Reading.hangup,
    "Reject": _Reading.reject,
    "Dial": _Reading.transfer,
    "Refer": _Reading.transfer,
}
