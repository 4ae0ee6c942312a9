"""WebSocket frames in what an end writes, held against those of the library."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from turnspec.adapters.faults.frames import Splitter, frame

MESSAGES = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300),
    st.builds(lambda n: "x" * n, st.sampled_from([125, 126, 127, 65_535, 65_536])),
)
MASKS = st.one_of(st.none(), st.binary(min_size=4, max_size=4))


def written(message: str | bytes, *, mask: bool) -> bytes:
    """What the library writes for a message."""
    is_text = isinstance(message, str)
    payload = message.encode() if isinstance(message, str) else message
    return Frame(Opcode.TEXT if is_text else Opcode.BINARY, payload).serialize(mask=mask)


@given(st.lists(MESSAGES, max_size=5), st.booleans(), st.integers(1, 50))
def test_messages_are_found_however_they_are_written(
    messages: list[str | bytes],
    mask: bool,  # noqa: FBT001 # drawn
    size: int,
) -> None:
    """Frames of the library, whole or in pieces: each message once, and its bytes as they were."""
    data = b"".join(written(message, mask=mask) for message in messages)
    splitter = Splitter()
    step = max(size, len(data) // 200)
    pieces = [piece for at in range(0, len(data), step) for piece in splitter.feed(data[at : at + step])]

    assert [piece.message for piece in pieces] == messages
    assert b"".join(piece.raw for piece in pieces) == data
    assert all((piece.mask is not None) is mask for piece in pieces)


@given(MESSAGES)
def test_unmasked_frames_are_those_of_the_library(message: str | bytes) -> None:
    """Byte for byte."""
    assert frame(message, None) == written(message, mask=False)


@given(MESSAGES, MASKS)
def test_a_frame_can_be_read_back(message: str | bytes, mask: bytes | None) -> None:
    """Under any mask."""
    (piece,) = Splitter().feed(frame(message, mask))

    assert (piece.message, piece.mask) == (message, mask)


@given(st.sampled_from([Opcode.PING, Opcode.PONG, Opcode.CLOSE]), st.binary(max_size=100))
def test_control_frames_are_no_messages(opcode: Opcode, payload: bytes) -> None:
    """They pass as they are."""
    raw = Frame(opcode, payload).serialize(mask=False)
    (piece,) = Splitter().feed(raw)

    assert (piece.message, piece.opcode, piece.raw) == (None, opcode, raw)


def test_fragments_are_no_messages() -> None:
    """A message in several frames passes as it is."""
    raw = Frame(Opcode.TEXT, b"half", fin=False).serialize(mask=False)
    raw += Frame(Opcode.CONT, b"whole").serialize(mask=False)

    assert [piece.message for piece in Splitter().feed(raw)] == [None, None]
