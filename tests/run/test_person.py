"""A person at a call: their voice, frame by frame, and what they hear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from support_projects import CLIPS, run_here, talk, turnspec_here
from support_sound import pink, tone
from turnspec.audio import Samples, decode, load_clip, samples_of
from turnspec.audio.ring import Slips
from turnspec.call import MULAW_8K, actions
from turnspec.call.events import (
    ActionDone,
    CallerSpoke,
    DeviceSlipped,
    Event,
    HarnessFailed,
    Origin,
    SpeakerLost,
)
from turnspec.run.person import Person
from turnspec.run.spoken import FreeSpeech, OneSpeech

FRAME_US = 20_000
FRAME = 160
SILENCE = np.zeros(FRAME, np.int16)
LOUD, SOFT = tone(FRAME_US), tone(FRAME_US, peak=3_000)


@dataclass
class Headset:
    """A microphone that hears these frames, and then nothing; a loudspeaker that keeps what it plays."""

    frames: Iterator[Samples] = field(default_factory=lambda: iter(()))
    name: str = "headset"
    slips: Slips = field(default_factory=Slips)
    gone: bool = False
    closed: bool = False
    played: list[Samples] = field(default_factory=list)

    def take(self, count: int) -> Samples:
        """The next frame."""
        assert count == FRAME
        return next(self.frames, SILENCE)

    def put(self, samples: Samples) -> None:
        """Play it."""
        self.played.append(samples)

    def clear(self) -> None:
        """Nothing was heard before."""

    def close(self) -> None:
        """Be off."""
        self.closed = True


def voice(frames: int) -> tuple[tuple[Samples, int], ...]:
    """Somebody who speaks for so many frames: no syllable is as loud as the one before it."""
    return tuple((LOUD if frame // 5 % 2 == 0 else SOFT, 1) for frame in range(frames))


def pattern(*parts: tuple[Samples, int]) -> Iterator[Samples]:
    """Frames, each so many times."""
    return (frame for frame, count in parts for _ in range(count))


def held(person: Person, frames: int, *, late_us: int = 0) -> list[Event]:
    """What happens in so many frames of silence of the agent."""
    events: list[Event] = []
    for number in range(frames):
        from_us = number * FRAME_US
        person.frame(from_us, from_us + late_us)
        events += person.hears(SILENCE, from_us + FRAME_US)
    return events


def asked(
    *, until_silence_us: int | None = 500_000, duration_us: int | None = None
) -> actions.TakeMicrophone:
    """To speak in turn 1, within two seconds."""
    return actions.TakeMicrophone(1, until_silence_us, duration_us, patience_us=2_000_000)


def speaking(headset: Headset, action: actions.TakeMicrophone) -> Person:
    """A person who is asked to speak."""
    person = Person(MULAW_8K, headset)
    person.take(action)
    return person


def near(moment_us: int, wanted_us: int) -> bool:
    """Whether an edge lies where it should, to a frame of energy."""
    return abs(moment_us - wanted_us) <= 10_000


def only(events: Sequence[Event]) -> tuple[CallerSpoke, ActionDone]:
    """The one speech, and that it is over."""
    spoke, done = events
    assert isinstance(spoke, CallerSpoke)
    assert isinstance(done, ActionDone)
    return spoke, done


def test_they_have_spoken_once_they_are_silent() -> None:
    """It is told after the silence, with the edges of what was said; a pause that is shorter ends nothing."""
    headset = Headset(pattern((SILENCE, 20), *voice(30), (SILENCE, 10), *voice(20)))
    person = speaking(headset, asked())
    spoke, done = only(held(person, 110))

    assert (spoke.turn, spoke.origin, spoke.text) == (1, Origin.MICROPHONE, None)
    assert near(spoke.speech_start_us, 400_000)
    assert near(spoke.speech_end_us, 1_600_000)
    assert done.end_us == spoke.speech_end_us
    assert done.at_us == 2_100_000
    assert person.frame(0, 0) is None


def test_a_line_that_delays_moves_the_edges() -> None:
    """They are where they arrive."""
    person = speaking(Headset(pattern((SILENCE, 20), *voice(30))), asked())
    spoke, _ = only(held(person, 80, late_us=80_000))

    assert near(spoke.speech_start_us, 480_000)
    assert near(spoke.speech_end_us, 1_080_000)


def test_the_noise_of_a_room_is_no_speech() -> None:
    """A hum and a fan neither keep what was said from being over, nor are they taken for it."""
    said = samples_of(load_clip(CLIPS / "caller" / "five-five.flac", 8_000)).astype(float)
    room = np.zeros(8_000 * 8)
    room[16_000 : 16_000 + len(said)] = said
    room += pink(len(room), seed=1) * np.std(said) * 10 ** (-10 / 20) + tone(8_000_000, hz=50, peak=300)
    heard = room.clip(-32_768, 32_767).astype(np.int16)
    frames = [heard[at : at + FRAME] for at in range(0, len(heard), FRAME)]

    spoke, done = only(held(speaking(Headset(iter(frames)), replace(asked(), patience_us=5_000_000)), 400))
    free = Person(MULAW_8K, Headset(iter(frames)))
    free.speak(FreeSpeech(8_000, 400_000))
    stretches = [each for each in held(free, 400) if isinstance(each, CallerSpoke)]
    (failed,) = held(speaking(Headset(iter(frames[250:])), asked()), 110)

    assert 2_000_000 <= spoke.speech_start_us <= 2_300_000
    assert 2_800_000 <= spoke.speech_end_us <= 3_200_000
    assert done.at_us <= 4_000_000
    assert len(stretches) == 1
    assert isinstance(failed, HarnessFailed)


def test_a_duration_ends_by_the_clock() -> None:
    """Whether or not they still speak."""
    sound = pattern((SILENCE, 1), *voice(200))
    person = speaking(Headset(sound), asked(until_silence_us=None, duration_us=1_000_000))
    spoke, done = only(held(person, 60))

    assert near(spoke.speech_end_us, 1_000_000)
    assert done.at_us == 1_000_000


def test_nobody_who_speaks_is_trouble_of_ours() -> None:
    """After the patience of the turn, or all of the duration."""
    waited = held(speaking(Headset(), asked()), 110)
    timed = held(speaking(Headset(), asked(until_silence_us=None, duration_us=600_000)), 40)

    for events, moment_us, told in ((waited, 2_000_000, "for 2 s"), (timed, 600_000, "for 0.6 s")):
        (failed,) = events
        assert isinstance(failed, HarnessFailed)
        assert failed.at_us == moment_us
        assert failed.reason.startswith(f"nobody spoke into the microphone 'headset' {told}")


def test_a_microphone_that_is_taken_away_is_trouble_of_ours() -> None:
    """It is told at once, and once."""
    person = speaking(Headset(gone=True), asked())
    (failed,) = held(person, 5)

    assert isinstance(failed, HarnessFailed)
    assert failed.reason == "the microphone 'headset' was taken away"


def test_a_loudspeaker_that_is_taken_away_is_told_and_the_call_goes_on() -> None:
    """It is told once; nothing is played into it any more, and it is turned off in the end."""
    microphone, speaker = Headset(pattern((SILENCE, 20), *voice(30))), Headset(name="speaker", gone=True)
    person = Person(MULAW_8K, microphone, speaker)
    person.take(asked())
    lost, spoke, done = held(person, 110)
    speaker.slips = Slips(500_000, 0)
    person.close()

    assert lost == SpeakerLost(at_us=20_000, device="speaker")
    assert isinstance(spoke, CallerSpoke)
    assert isinstance(done, ActionDone)
    assert len(speaker.played) == 1
    assert person.hears(SILENCE, 5_000_000) == []
    assert speaker.closed


@pytest.mark.parametrize("muted", [False, True])
def test_who_is_muted_says_nothing(muted: bool) -> None:  # noqa: FBT001 # a parameter
    """Silence is sent, and no speech is told; the same voice is heard where nobody is muted."""
    person = Person(MULAW_8K, Headset(pattern((SILENCE, 20), *voice(30))))
    person.speak(FreeSpeech(8_000, 400_000))
    person.muted = muted
    sent, told = [], []
    for number in range(90):
        voiced = person.frame(number * FRAME_US, number * FRAME_US)
        assert voiced is not None
        sent.append(bool(decode(voiced.wire, MULAW_8K).any()))
        told += person.hears(SILENCE, (number + 1) * FRAME_US)

    assert any(sent) is not muted
    assert [type(event) for event in told] == ([] if muted else [CallerSpoke, ActionDone])


def test_each_stretch_of_free_speech_is_told() -> None:
    """With its own edges and number; a click between them is none."""
    click = np.zeros(FRAME, np.int16)
    click[0] = 9_000
    frames = pattern((SILENCE, 20), *voice(30), (SILENCE, 40), (click, 1), (SILENCE, 40), *voice(30))
    person = Person(MULAW_8K, Headset(frames))
    person.speak(FreeSpeech(8_000, 400_000))
    events = [each for each in held(person, 200) if isinstance(each, CallerSpoke)]

    assert [each.turn for each in events] == [0, 1]
    assert near(events[0].speech_start_us, 400_000)
    assert near(events[0].speech_end_us, 1_000_000)
    assert near(events[1].speech_start_us, 2_620_000)
    assert near(events[1].speech_end_us, 3_220_000)


def test_what_is_said_while_somebody_hangs_up_is_told() -> None:
    """With what was sent of it, once; where nobody speaks there is nothing to tell."""
    person = Person(MULAW_8K, Headset(pattern((SILENCE, 20), *voice(30))))
    speech = FreeSpeech(8_000, 400_000)
    person.speak(speech)
    assert held(person, 50) == []

    speech.finish()
    spoke, _ = only(person.hears(SILENCE, 1_000_000))

    assert near(spoke.speech_start_us, 400_000)
    assert near(spoke.speech_end_us, 1_000_000)
    assert person.frame(1_000_000, 1_000_000) is None

    silent = FreeSpeech(8_000, 400_000)
    person.speak(silent)
    assert held(person, 10) == []
    silent.finish()
    assert person.hears(SILENCE, 1_200_000) == []


def test_both_sides_are_heard() -> None:
    """The caller who is no person is mixed with the agent; a person does not hear themselves."""
    headset = Headset(pattern(*voice(1)))
    listener = Person(MULAW_8K, None, headset)
    listener.said(b"\x00" * FRAME)  # the loudest there is, downwards
    listener.hears(np.full(FRAME, -20_000, np.int16), FRAME_US)
    listener.hears(LOUD, 2 * FRAME_US)

    assert headset.played[0].tolist() == [-32_768] * FRAME
    assert headset.played[1].tolist() == LOUD.tolist()


def test_what_the_clocks_of_devices_cost_is_told() -> None:
    """What was lost before they spoke is not, and more of it no oftener than every second."""
    headset = Headset(slips=Slips(dropped_us=700_000))
    person = speaking(headset, asked(until_silence_us=None, duration_us=60_000_000))
    assert person.hears(SILENCE, 20_000) == []

    headset.slips = Slips(700_000, 5_000)
    (slipped,) = person.hears(SILENCE, 40_000)
    headset.slips = Slips(720_000, 5_000)

    assert slipped == DeviceSlipped(at_us=40_000, device="microphone", dropped_us=0, inserted_us=5_000)
    assert person.hears(SILENCE, 60_000) == []
    (slipped,) = person.hears(SILENCE, 1_040_000)
    assert slipped == DeviceSlipped(at_us=1_040_000, device="microphone", dropped_us=20_000, inserted_us=0)


def test_the_first_frame_is_known() -> None:
    """A line that must be opened for the caller is opened for it, once."""
    speech = OneSpeech(asked(), 8_000, "headset")
    before = speech.fresh
    speech.feed(0, 0, SILENCE)

    assert (before, speech.fresh) == (True, False)


def test_a_microphone_needs_real_time(tmp_path: Path) -> None:
    """In virtual time it is a problem that says what to do, and nothing is called; the file is right."""
    project = talk(tmp_path)
    project.change("talk.yaml", "{audio: five-five.flac, text: five five}", "{microphone: 3 s}")
    ran = run_here(project)

    assert ran.code == 2
    assert "error[virtual-microphone]" in ran.told
    assert "run it with --clock wall" in ran.told
    assert turnspec_here(tmp_path, "check", ".").code == 0


def test_a_call_in_virtual_time_cannot_be_heard(tmp_path: Path) -> None:
    """Both together are refused."""
    ran = run_here(talk(tmp_path), "--listen", "--clock", "virtual")

    assert ran.code == 2
    assert "a call in virtual time cannot be heard" in ran.told
