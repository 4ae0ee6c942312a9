"""The recording of a call."""

from __future__ import annotations

from pathlib import Path

import soundfile

from support_sound import joined, tone
from turnspec.audio import PlaybackClock, Recorder, samples_of, silence
from turnspec.audio.files import write_flac


def test_both_sides_lie_on_one_time_axis() -> None:
    """The caller lies where it was sent, the agent where it was heard, silence everywhere else."""
    clock = PlaybackClock(8_000)
    recorder = Recorder(clock)
    recorder.put_caller(100_000, tone(200_000))
    clock.enqueue(250_000, tone(500_000, hz=300))
    clock.flush(450_000)
    caller, agent = recorder.tracks(1_000_000)

    assert caller.duration_us == agent.duration_us == 1_000_000
    assert (
        samples_of(caller).tolist()
        == joined(silence(100_000, 8_000), tone(200_000), silence(700_000, 8_000)).tolist()
    )
    assert (
        samples_of(agent).tolist()
        == joined(silence(250_000, 8_000), tone(500_000, hz=300)[:1_600], silence(550_000, 8_000)).tolist()
    )


def test_a_written_recording_has_the_caller_on_the_left(tmp_path: Path) -> None:
    """The file holds what the tracks hold."""
    clock = PlaybackClock(8_000)
    recorder = Recorder(clock)
    recorder.put_caller(0, tone(300_000))
    clock.enqueue(0, tone(300_000, hz=300))
    caller, agent = recorder.tracks(300_000)
    write_flac(tmp_path / "call.flac", caller, agent)
    frames, _ = soundfile.read(tmp_path / "call.flac", dtype="int16")

    assert samples_of(caller).tolist() == frames[:, 0].tolist() == tone(300_000).tolist()
    assert samples_of(agent).tolist() == frames[:, 1].tolist()


def test_frames_of_a_call_need_no_order() -> None:
    """Twenty-millisecond frames land by position, also after minutes."""
    recorder = Recorder(PlaybackClock(8_000))
    recorder.put_caller(600_000_000, tone(20_000))
    recorder.put_caller(0, tone(20_000))
    caller, _ = recorder.tracks(600_020_000)

    assert samples_of(caller)[:160].tolist() == samples_of(caller)[-160:].tolist() == tone(20_000).tolist()
