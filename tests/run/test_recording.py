"""Recordings that grow on disk while a call is up, and what takes their place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_projects import surroundings
from support_sound import noise, tone
from turnspec.audio import PlaybackClock, Recorder, encode, samples_of
from turnspec.audio.samples import Samples
from turnspec.audio.tracks import read_tracks
from turnspec.audio.wav import HEADER, GrowingWav
from turnspec.call import MULAW_8K, Evidence
from turnspec.call.events import AgentAudio, FlushAsked, PlaybackFlushed, Side
from turnspec.run.arrivals import Arrivals
from turnspec.run.recording import Recording, writer

SECOND_US = 1_000_000
SOUND = tone(4 * SECOND_US, hz=300)
LOUD = noise(4 * SECOND_US)


class Call:
    """A call of which only the sound is told."""

    def __init__(self, folder: Path, *, grows: bool = True) -> None:
        self.folder = folder
        self.evidence = Evidence(folder, {})
        self.playback = PlaybackClock(8_000)
        self.recorder = Recorder(self.playback)
        self.recording = Recording(folder, self.recorder, self.evidence)
        if grows:
            self.recording.grow()
        self._arrivals = Arrivals(self.playback)

    def hear(self, at_us: int, samples: Samples) -> None:
        """The agent's audio arrives."""
        data = encode(samples, MULAW_8K)
        audio = AgentAudio(at_us=at_us, format=MULAW_8K, size=len(data), data=data, side=Side.LINE)
        self._arrivals.place(self.evidence.append(audio))

    def flush(self, at_us: int) -> None:
        """The agent drops what was not heard."""
        self.evidence.append(FlushAsked(at_us=at_us))
        flushed = self.playback.flush(at_us)
        self.evidence.append(PlaybackFlushed(at_us=at_us, unplayed_us=flushed.unplayed_us, silent=False))

    def names(self) -> set[str]:
        """The sound that is on disk."""
        return {path.name for path in self.folder.iterdir() if path.suffix in (".wav", ".flac")}

    def tracks(self, name: str) -> list[list[int]]:
        """The channels of a file."""
        return [samples_of(track).tolist() for track in read_tracks(self.folder / name).tracks]

    def close(self) -> None:
        """Let go of the files."""
        self.recording.finish(SECOND_US)
        self.evidence.close()


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Call]:
    """A call that grows."""
    with closing(Call(tmp_path)) as growing:
        yield growing


@pytest.fixture
def unseen(tmp_path: Path) -> Iterator[Call]:
    """A call of which nothing is on disk until it is over."""
    with closing(Call(tmp_path / "unseen", grows=False)) as held:
        yield held


def written(call: Call, until_us: int) -> None:
    """Let a call write, and wait until it has."""
    call.recording.keep(until_us)
    writer().submit(lambda: None).result()


@given(parts=st.lists(st.integers(0, 700), max_size=6), channels=st.integers(1, 2))
def test_a_growing_file_is_whole_after_every_append(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], channels: int
) -> None:
    """Whoever reads it in between finds exactly what was appended."""
    path = tmp_path_factory.getbasetemp() / "growing.wav"
    file = GrowingWav(path, 8_000, channels)
    so_far: list[int] = []
    for part in parts:
        samples = SOUND[:part]
        file.append(*[samples] * channels)
        so_far += samples.tolist()
        if so_far:
            assert [samples_of(track).tolist() for track in read_tracks(path).tracks] == [so_far] * channels
    file.close()


def test_it_grows_once_a_second(call: Call, tmp_path: Path) -> None:
    """What was certain a second ago is on disk; within a second nothing is written."""
    call.recorder.put_caller(0, SOUND)
    call.hear(100_000, SOUND[:8_000])
    written(call, 0)
    written(call, 999_999)
    empty = (tmp_path / "call.wav").stat().st_size
    written(call, SECOND_US)
    caller, agent = call.tracks("call.wav")

    assert empty == HEADER.size
    assert caller == SOUND[:8_000].tolist()
    assert len(agent) == 8_000
    assert not any(agent[:800])
    assert any(agent[800:])


def test_what_waits_is_written_with_it(call: Call, tmp_path: Path) -> None:
    """Arrivals of audio and frames that were held in memory are on disk after a second."""
    call.evidence.frame(1, Side.LINE, "in", "{}")
    call.hear(100_000, SOUND[:160])
    before = (tmp_path / "events.jsonl").read_text(), (tmp_path / "wire.jsonl").read_text()
    written(call, SECOND_US)

    assert ("agent-audio" in before[0], before[1]) == (False, "")
    assert "agent-audio" in (tmp_path / "events.jsonl").read_text()
    assert (tmp_path / "wire.jsonl").read_text()


def test_the_finished_recording_takes_its_place(call: Call) -> None:
    """Once a call is over there is one FLAC file of the same sound, and no WAV."""
    call.recorder.put_caller(0, SOUND)
    call.hear(0, SOUND[:4_000])
    written(call, SECOND_US)
    caller, agent, name = call.recording.finish(3 * SECOND_US)

    assert (name, call.names()) == ("call.flac", {"call.flac"})
    assert call.tracks("call.flac") == [samples_of(caller).tolist(), samples_of(agent).tolist()]


@pytest.mark.parametrize("grows", [True, False])
def test_what_was_flushed_is_kept_as_received(call: Call, unseen: Call, *, grows: bool) -> None:
    """As received all of it follows, in the order in which it came; as heard it is left out."""
    call = call if grows else unseen
    call.hear(0, SOUND[:16_000])
    written(call, SECOND_US)
    call.flush(SECOND_US)
    call.hear(SECOND_US, SOUND[16_000:24_000])
    _, agent, _ = call.recording.finish(3 * SECOND_US)
    (received,) = call.tracks("agent-received.flac")
    sent = samples_of(read_tracks(call.folder / "agent-received.flac").tracks[0])

    assert call.names() == {"call.flac", "agent-received.flac"}
    assert len(received) == 24_000
    assert samples_of(agent)[:8_000].tolist() == received[:8_000]
    assert samples_of(agent)[8_000:16_000].tolist() == received[16_000:]
    assert abs(int(sent[9_000]) - int(SOUND[9_000])) < 400


def test_what_the_end_cut_off_is_kept_as_received(call: Call) -> None:
    """What had not been played when the call ended is in the agent as received."""
    call.hear(0, SOUND[:16_000])
    call.recording.finish(SECOND_US)

    assert len(call.tracks("agent-received.flac")[0]) == 16_000
    assert len(call.tracks("call.flac")[1]) == 8_000


def test_a_virtual_call_has_no_wav(unseen: Call) -> None:
    """What is not asked to grow leaves only the finished recording."""
    call = unseen
    call.hear(0, SOUND[:8_000])
    written(call, SECOND_US)

    assert call.names() == set()
    call.recording.finish(SECOND_US)
    assert call.names() == {"call.flac"}


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_recording import LOUD, SECOND_US, Call, written

call = Call(Path(sys.argv[1]))
call.recorder.put_caller(0, LOUD)
written(call, SECOND_US)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
for second in range(2, 4):
    written(call, second * SECOND_US)
for frame in range(2_000):
    call.evidence.frame(frame, "line", "in", "x" * 100)
call.evidence.write_out()
caller, agent, name = call.recording.finish(4 * SECOND_US)
print(name, len(caller.pcm), call.recording.trouble, call.evidence.trouble, sep="|")
"""


def test_a_full_disk_ends_the_record_and_not_the_call(tmp_path: Path) -> None:
    """Where no file may grow any more, what had been written stays readable, and the reason is told."""
    tests = str(Path(__file__).parent)
    more = {"PYTHONPATH": str(Path(tests).parent)}
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), tests],
        env=surroundings(more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, length, trouble, of_evidence = done.stdout.strip().split("|")

    assert (name, int(length)) == ("call.wav", 4 * 16_000)
    assert trouble == of_evidence == "File too large"
    assert samples_of(read_tracks(tmp_path / "call.wav").tracks[0]).tolist() == LOUD[:8_000].tolist()
    assert not (tmp_path / "call.flac").exists()
