"""A tape that keeps telephone audio as it came reads as one that converted it at once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from turnspec.audio.codecs import decode
from turnspec.audio.coded import CodedTape
from turnspec.audio.samples import Tape
from turnspec.call import ALAW_8K, MULAW_8K

DATA = st.binary(min_size=1, max_size=40) | st.sampled_from([b"\xff" * 160, b"\x7f\xff" * 20, b"\xd5" * 30])
DEEDS = st.lists(
    st.tuples(st.sampled_from(["mu-law", "A-law", "samples", "cut", "read"]), DATA, st.integers(0, 60)),
    max_size=20,
)


@given(DEEDS)
def test_it_reads_as_a_plain_tape(deeds: list[tuple[str, bytes, int]]) -> None:
    """Whatever was written in whichever form, with gaps and cuts; it knows from where on it is silent."""
    coded, plain = CodedTape(), Tape()
    for deed, data, number in deeds:
        position = len(plain) + max(0, number - 40)
        match deed:
            case "mu-law" | "A-law":
                format_ = MULAW_8K if deed == "mu-law" else ALAW_8K
                assert coded.put_coded(position, data, format_) == len(data)
                plain.put(position, decode(data, format_))
            case "samples":
                coded.put(position, decode(data, MULAW_8K))
                plain.put(position, decode(data, MULAW_8K))
            case "cut":
                coded.cut(max(0, len(plain) - number))
                plain.cut(max(0, len(plain) - number))
            case _:
                assert coded.read(0, number).tolist() == plain.read(0, number).tolist()
        assert len(coded) == len(plain)
    end = len(plain) + 10
    assert coded.read(0, end).tolist() == plain.read(0, end).tolist()
    assert not plain.read(coded.sounds_until, end).any()


def test_silence_is_known_without_hearing_it() -> None:
    """Of speech between silences the end of the speech is known, whichever zero the silence is made of."""
    tape, ends = CodedTape(), [0]
    for data in (b"\xff" * 160, b"\x10" * 160, b"\x7f" * 160, b"\xff" * 160):
        ends.append(ends[-1] + tape.put_coded(len(tape), data, MULAW_8K))

    assert [end - start for start, end in pairwise(ends)] == [160] * 4
    assert tape.sounds_until == 320
