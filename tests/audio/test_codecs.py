"""G.711 and linear samples."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from turnspec.audio import decode, encode, silence_byte
from turnspec.call import ALAW_8K, MULAW_8K, PCM_8K, AudioFormat, Encoding

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)
EVERY_CODE = bytes(range(256))
FORMATS = [AudioFormat(encoding, 8_000) for encoding in Encoding]


@pytest.mark.parametrize(("format_", "subtype"), [(MULAW_8K, "ULAW"), (ALAW_8K, "ALAW")])
def test_every_code_decodes_as_libsndfile_decodes_it(format_: AudioFormat, subtype: str) -> None:
    """The decoding tables agree with an independent G.711."""
    raw = {"format": "RAW", "subtype": subtype, "samplerate": 8_000, "channels": 1, "dtype": "int16"}
    expected, _ = soundfile.read(io.BytesIO(EVERY_CODE), **raw)

    assert expected.tolist() == decode(EVERY_CODE, format_).tolist()


@pytest.mark.parametrize("format_", [MULAW_8K, ALAW_8K])
def test_a_decoded_code_encodes_to_itself(format_: AudioFormat) -> None:
    """Passing audio on through G.711 again loses nothing."""
    again = decode(encode(decode(EVERY_CODE, format_), format_), format_)

    assert decode(EVERY_CODE, format_).tolist() == again.tolist()


@pytest.mark.parametrize(("format_", "step"), [(MULAW_8K, 12), (ALAW_8K, 16)])
def test_no_sample_is_further_off_than_its_quantisation_step(format_: AudioFormat, step: int) -> None:
    """G.711 keeps small samples to their smallest step and large ones to 5 % at most."""
    off = np.abs(decode(encode(EVERY_SAMPLE, format_), format_).astype(int) - EVERY_SAMPLE)
    allowed = step + np.abs(EVERY_SAMPLE.astype(int)) * 5 // 100

    assert (off <= allowed).all()


@pytest.mark.parametrize(
    ("format_", "sample", "code"),
    [
        (MULAW_8K, 0, 0xFF),
        (MULAW_8K, -1, 0x7E),
        (MULAW_8K, 32_767, 0x80),
        (MULAW_8K, -32_768, 0x00),
        (MULAW_8K, 1_000, 0xCE),
        (ALAW_8K, 0, 0xD5),
        (ALAW_8K, -1, 0x55),
        (ALAW_8K, 32_767, 0xAA),
        (ALAW_8K, -32_768, 0x2A),
        (ALAW_8K, 1_000, 0xFA),
    ],
)
def test_known_samples_have_their_known_codes(format_: AudioFormat, sample: int, code: int) -> None:
    """The codes are those of ITU-T G.711 as the `audioop` module wrote them."""
    assert bytes([code]) == encode(np.array([sample], np.int16), format_)


@given(st.lists(st.integers(-32_768, 32_767)))
def test_linear_samples_survive_unchanged(values: list[int]) -> None:
    """16-bit audio is little-endian and loses nothing."""
    data = b"".join(value.to_bytes(2, "little", signed=True) for value in values)

    assert values == decode(data, PCM_8K).tolist()
    assert data == encode(np.array(values, np.int16), PCM_8K)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_silence_byte_decodes_to_silence(format_: AudioFormat) -> None:
    """Repeating the silence byte of any encoding is inaudible."""
    frame = bytes([silence_byte(format_)]) * 320

    assert np.abs(decode(frame, format_)).max() <= 8


def test_half_a_sample_is_refused() -> None:
    """16-bit audio of an odd size names the size."""
    with pytest.raises(ValueError, match="3 bytes ends in half a sample"):
        decode(b"abc", PCM_8K)
