"""A local agent on a telephone line of Twilio, and its script."""

from __future__ import annotations

from pathlib import Path

from support_twilio import AUDIO, Phone, caller_clip, local_agent
from turnspec.audio.codecs import decode
from turnspec.audio.edges import voiced_span
from turnspec.call import MULAW_8K
from turnspec.doubles.twilio import TwilioBot

CLIPS = {path.with_suffix(".flac"): path.read_text().strip() for path in (AUDIO / "caller").glob("*.txt")}


SCRIPT = """
agent: Rover
greeting: {say: Hello there., audio: agent/saved.flac}
functions:
  move: {returns: {location: 10}, takes: 120 ms}
  log: {returns: null, takes: 40 ms}
  end: {}
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
  move:
    when: {keywords: [forward]}
    call: [{move: {metres: 10}}, log]
    then: {say: "At {{ results.move.location }}.", audio: agent/saved.flac, timing: {first_audio: 900 ms}}
  silent: {when: {keywords: [five five]}, call: {end: {}}}
  bye: {when: {pattern: '^7$'}, say: Goodbye., audio: agent/deleted.flac, hangup: true}
  keys: {when: {pattern: '^12$'}, say: Twelve.}
  star: {when: {pattern: '^#$'}, hangup: true}
  tones: {when: {pattern: '^3$'}, dtmf: "1"}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""


def call(script: str = SCRIPT, known: dict[Path, str] | None = None) -> Phone:
    """A call that is up, its greeting begun."""
    return Phone(lambda report: TwilioBot(local_agent(script, CLIPS if known is None else known), report))


def quiet(script: str = SCRIPT) -> Phone:
    """A call whose greeting is over."""
    phone = call(script)
    phone.pass_time(5_000_000)
    return phone


def true_end(name: str) -> int:
    """Microseconds into a recording, as it goes over the line, at which its speech ends."""
    span = voiced_span(decode(caller_clip(name), MULAW_8K), 8_000)
    assert span is not None
    return span[1]
