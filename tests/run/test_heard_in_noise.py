"""Forty known clips in noise at 10 dB, in whole calls over each protocol: the right one, never another."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_sound import PROMPTS, pink, real_prompts
from support_talk import CLIPS, Talk, plan_talk
from turnspec.dsl.problems import render_problems
from turnspec.run.calling import call_virtual

PROTOCOLS = ["twilio", "audiocodes", "realtime"]
PEOPLE = """
    agent-pass agent-user conf-full conf-locked conf-onlyone conf-unlockednow confbridge-conf-begin
    confbridge-conf-end confbridge-has-joined confbridge-has-left confbridge-leave-in confbridge-there-are
    de-activated dir-first dir-firstlast dir-last dir-welcome do-not-disturb enter-num-blacklist extension
    invalid number-not-answering one-moment-please privacy-incorrect queue-quantity2 spy-console spy-misdn
    spy-mobile vm-dialout vm-from-phonenumber vm-goodbye vm-msgsaved vm-passchanged vm-repeat vm-savedto
    vm-savefolder vm-savemessage vm-tomakecall vm-tooshort vm-undeleted
"""
SHIPPED = """
    account amiable cold-hearted five-five forward queen-of-clubs seven-of-clubs ten-of-clubs vague young-man
"""
LINE = "caller: {line: {noise: {file: noise.wav, snr: 10 dB}}}\n"
FAINT = (
    "caller: {line: {gain: -20 dB, band: narrow, codecs: [g711a], noise: {file: noise.wav, snr: 10 dB}}}\n"
)


@dataclass
class Tally:
    """What the agent made of all turns: the right words, other words, or none."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, said: list[str], call: Talk) -> None:
        """Count one call in which these were said."""
        heard: dict[int, list[str | None]] = {}
        turn = 0
        for event in call.events():
            turn = event["turn"] if event["kind"] == "caller-spoke" else turn
            if event["kind"] == "caller-heard" and event["side"] != "line":
                heard.setdefault(turn, []).append(event["text"])
        for number, name in enumerate(said):
            texts = [text for text in heard.get(number, []) if text is not None]
            self.wrong += [f"{name}: {text}" for text in texts if text != words_of(name)]
            (self.right if words_of(name) in texts else self.missed).append(name)


def words_of(name: str) -> str:
    """What is said in a clip, as far as the agent is told."""
    return f"words of {name}"


def hold(folder: Path, protocol: str, known: dict[str, Path], said: list[str], line: str = LINE) -> Talk:
    """A call in which these of the known clips are said."""
    folder.mkdir()
    bed = np.clip(pink(30 * 8_000, 5) * 3_000, -32_768, 32_767).astype(np.int16)
    soundfile.write(folder / "noise.wav", bed, 8_000)
    for name, path in known.items():
        shutil.copyfile(path, folder / f"{name}{path.suffix}")
    heard = "\n".join(f"  {name}{path.suffix}: {words_of(name)}" for name, path in known.items())
    agent = f"agent: A\nheard:\n{heard}\notherwise: {{say: yes}}\n"
    turns = "\n".join(f"- caller: {{audio: {name}{known[name].suffix}}}" for name in said)
    planned = plan_talk(folder, turns, agent, head=line, protocol=protocol)
    assert not planned.problems, render_problems(planned.problems)
    (case,) = planned.cases
    return Talk(call_virtual(case, folder / "out"), folder / "out")


def tally(folder: Path, protocol: str, known: dict[str, Path], line: str = LINE) -> Tally:
    """What is understood of each of the clips, all said in one call."""
    counted, names = Tally(), list(known)
    counted.add(names, hold(folder / "call", protocol, known, names, line))
    return counted


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_forty_prompts_of_one_voice_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """At least 38 of 40 are recognised, none as another, by an agent to which steady noise is no speech."""
    monkeypatch.setenv("TURNSPEC_VOICE_ACTIVITY", "webrtc")
    names = PEOPLE.split()
    real_prompts(*names)
    counted = tally(tmp_path, protocol, {name: PROMPTS / f"{name}.wav" for name in names})

    assert counted.wrong == []
    assert len(counted.right) >= 38, counted.missed
    assert len(counted.right) + len(counted.missed) == 40


@pytest.mark.parametrize(
    ("protocol", "engine"), [("twilio", "webrtc"), ("audiocodes", "energy"), ("realtime", "webrtc")]
)
def test_the_recordings_of_the_examples_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, engine: str
) -> None:
    """All ten, on any machine, and whether or not every sound is speech to the agent."""
    monkeypatch.setenv("TURNSPEC_VOICE_ACTIVITY", engine)
    counted = tally(tmp_path, protocol, {name: CLIPS / "known" / f"{name}.flac" for name in SHIPPED.split()})

    assert (counted.wrong, counted.missed) == ([], [])


def test_faint_voices_on_narrow_lines_are_heard_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine of ten at -20 dB in A-law and noise at least, though noise hides where they pause and go on."""
    monkeypatch.setenv("TURNSPEC_VOICE_ACTIVITY", "webrtc")
    known = {name: CLIPS / "known" / f"{name}.flac" for name in SHIPPED.split()}
    counted = tally(tmp_path, "twilio", known, FAINT)

    assert counted.wrong == []
    assert len(counted.right) >= 9, counted.missed
