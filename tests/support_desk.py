"""A local agent on a line of AudioCodes' Bot API, and the platform that calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support_audiocodes_bot import Platform, caller_audio
from support_twilio import AUDIO, local_agent
from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import PCM_16K, AudioFormat
from turnspec.doubles.audiocodes import AudioCodesBot

CLIPS = {path.with_suffix(".flac"): path.read_text().strip() for path in (AUDIO / "caller").glob("*.txt")}


SCRIPT = """
agent: Desk
greeting: {say: Hello there., audio: agent/saved.flac}
functions: {move: {returns: {location: 10}, takes: 120 ms}}
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  slow:
    when: {keywords: [seven of clubs]}
    say: Your message has been saved. Press one to accept.
    audio: agent/saved-menu.flac
    timing: {pace: real_time}
  stubborn:
    when: {keywords: [queen of clubs]}
    say: A message has been saved.
    audio: agent/saved-menu.flac
    interruptible: false
  move: {when: {keywords: [forward]}, call: {move: {}}, then: {say: "At {{ results.move.location }}."}}
  bye: {when: {pattern: '^7$'}, say: Goodbye., audio: agent/deleted.flac, hangup: true}
  keys: {when: {pattern: '^12$'}, say: Twelve.}
  desk: {when: {pattern: '^9$'}, transfer: "tel:+15550100"}
  tones: {when: {pattern: '^3$'}, say: Wait., audio: agent/deleted.flac, dtmf: "12w3#"}
  many: {when: {pattern: '^4$'}, dtmf: "1234567890123456789012345"}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""


SAVED_US = load_clip(AUDIO / "agent" / "saved.flac", 16_000).duration_us


GOODBYE_US = load_clip(AUDIO / "agent" / "deleted.flac", 16_000).duration_us


def platform(
    script: str = SCRIPT,
    format: AudioFormat = PCM_16K,  # noqa: A002 - the word every caller uses
    known: dict[Path, str] | None = None,
    **options: Any,
) -> Platform:
    """A platform whose connection to the bot is open."""
    agent = local_agent(script, CLIPS if known is None else known)
    return Platform(lambda report: AudioCodesBot(agent, report, **options), format)


def call(**options: Any) -> Platform:
    """A call that is up, its greeting begun."""
    return platform(**options).opened()


def quiet(**options: Any) -> Platform:
    """A call whose greeting is over."""
    made = call(**options)
    made.pass_time(3_000_000)
    return made


def true_end(name: str) -> int:
    """Microseconds into a recording at which its speech ends."""
    span = voiced_span(decode(caller_audio(name), PCM_16K), 16_000)
    assert span is not None
    return span[1]


def clip(name: str, format: AudioFormat) -> bytes:  # noqa: A002 - the word every caller uses
    """A recording of the agent in some format."""
    return encode(samples_of(load_clip(AUDIO / "agent" / name, format.rate_hz)), format)
