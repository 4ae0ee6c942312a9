"""Many calls at once through instances of a bridge: each has its own, and none knows of another's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import soundfile

from support_examples import run_examples
from support_talk import CLIPS
from turnspec.audio import load_clip, samples_of

FIFTY = pytest.mark.alone  # so many bridges want both processors

Call: TypeAlias = Mapping[str, Any]
Calls: TypeAlias = Sequence[Call]
Sound: TypeAlias = np.ndarray[Any, np.dtype[Any]]

MANY = 50
EVERY = 5  # a recording is compared with every so manieth of the others: each pair costs 5 ms
RATE_HZ = 8_000
COARSE = 4
PROMPTS = (
    "deleted",
    "no-more",
    "saved",
    "undeleted",
    "table-code",
    "table-bust",
    "rover-greeting",
    "table-greeting",
)
SAID = (
    "five-five",
    "seven-of-clubs",
    "ten-of-clubs",
    "queen-of-clubs",
    "account",
    "vague",
    "forward",
    "amiable",
)
QUIET = np.zeros(RATE_HZ // 20, np.int16)


def joined(folder: str, names: Sequence[str]) -> Sound:
    """Recordings joined to one."""
    clips = [
        np.concatenate((samples_of(load_clip(CLIPS / folder / f"{name}.flac", RATE_HZ)), QUIET))
        for name in names
    ]
    return np.concatenate(clips)


def write_project(folder: Path, calls: int, target: str) -> None:
    """Write a project of so many scenarios, each with a recording, a number and an answer of its own."""
    audio = folder / "audio"
    audio.mkdir(parents=True)
    shutil.copy(Path(__file__).resolve().parents[1] / "support_light_bridge.py", folder / "bridge.py")
    responses = ["agent: Clerk", "responses:"]
    pairs = zip(permutations(SAID, 2), permutations(PROMPTS, 2), strict=False)
    for number, (said, prompts) in zip(range(calls), pairs, strict=False):
        soundfile.write(audio / f"said-{number}.wav", joined("caller", said), RATE_HZ)
        soundfile.write(audio / f"told-{number}.wav", joined("agent", prompts), RATE_HZ)
        (folder / f"call-{number}.yaml").write_text(
            SCENARIO.format(number=number, phone=phone(number)), "utf-8"
        )
        responses.append(RESPONSE.format(number=number))
    (folder / "clerk.yaml").write_text("\n".join(responses) + "\notherwise: {say: Pardon?}\n", "utf-8")
    (folder / "turnspec.yaml").write_text(PROJECT.format(target=target), "utf-8")


PROJECT = """\
version: 1
scenarios: [.]
targets:
  desk:
    protocol: audiocodes
    options: {{formats: [raw/mulaw], chunk: 200 ms}}
    url: "ws://127.0.0.1:{{{{ port }}}}/"
    start: {{command: "python bridge.py {{{{ port }}}}", environment: {{MODEL_URL: "{{{{ backend.url }}}}"}}}}
    backend: clerk.yaml
    {target}
"""
SCENARIO = """\
scenario: call {number}
target: desk
patience: 5 s
caller: {{from: "{phone}"}}
functions: {{note: {{parameters: {{fact: string, who: string}}}}}}
turns:
  - turn: Tell
    caller: {{audio: audio/said-{number}.wav, text: item number {number}}}
    expect:
      calls: {{exactly: [{{note: {{fact: item number {number}, who: "{phone}"}}}}]}}
      returned: {{note: {{fact: item number {number}, who: "{phone}"}}}}
      says: item number {number} of {phone} is kept
"""
RESPONSE = """\
  answer_{number}:
    when: {{pattern: '^item number {number}$'}}
    call: {{note: {{fact: "{{{{ heard.text }}}}", who: "{{{{ call.from }}}}"}}}}
    then: {{say: "{{{{ heard.text }}}} of {{{{ call.from }}}} is kept", audio: audio/told-{number}.wav}}"""


BEGINNING = 'if __name__ == "__main__":\n'
DYING = """\
    try:
        open("first", "x").close()
    except FileExistsError:
        pass
    else:
        sys.exit("out of licences")
"""


def phone(number: int) -> str:
    """The number that a call comes from."""
    return f"+155502{number:05}"


def calls_of(project: Path) -> Calls:
    """What all calls of a project came to, as the command line tells it."""
    return list(run_examples(project, ".").document["calls"])


def carrier(result: Call) -> tuple[int, float, float]:
    """The process that carried a call, and when the call began and ended, on a clock that all share."""
    begun = [line.split() for line in result["process_output"] if line.startswith("begins")][-1]
    return int(begun[1]), float(begun[2]), float(begun[2]) + result["duration_us"] / 1e6


def number_of(result: Call) -> int:
    """Which call this is."""
    return int(result["name"].split()[-1])


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the calls leave their evidence."""
    return tmp_path_factory.mktemp("fifty")


@pytest.fixture(scope="module")
def results(output: Path) -> Calls:
    """What they came to."""
    write_project(output / "project", MANY, f"instances: {MANY}")
    return calls_of(output / "project")


@FIFTY
def test_fifty_calls_at_once_hold(results: Calls) -> None:
    """Each is answered with its own fact and number, by its own bridge."""
    assert {result["outcome"] for result in results} == {"passed"}
    assert sorted(map(number_of, results)) == list(range(MANY))
    assert len({carrier(result)[0] for result in results}) == MANY


@FIFTY
def test_fifty_calls_are_up_at_once(results: Calls) -> None:
    """The last has begun before the first ends."""
    calls = [carrier(result) for result in results]

    assert max(begun for _, begun, _ in calls) < min(ended for *_, ended in calls)


@FIFTY
def test_no_words_of_one_are_in_another(results: Calls, output: Path) -> None:
    """In all that a call left, events and frames, there is only its own number, fact and phone."""
    for result in results:
        folder = output / "project-report" / result["folder"]
        text = "".join(file.read_text("utf-8") for file in sorted(folder.glob("*.jsonl")))
        found = {
            number
            for number in range(MANY)
            if phone(number) in text or f"item number {number} " in text or f'item number {number}"' in text
        }
        assert found == {number_of(result)}


@FIFTY
def test_no_sound_of_one_is_in_another(results: Calls, output: Path) -> None:
    """On both tracks of each recording its own clips are heard, and no other's."""
    recordings = {number_of(result): output / "project-report" / result["recording"] for result in results}
    for track, clip in ((0, "said"), (1, "told")):
        files = {number: output / "project" / "audio" / f"{clip}-{number}.wav" for number in range(MANY)}
        clips = {number: coarse(samples_of(load_clip(file, RATE_HZ))) for number, file in files.items()}
        for number, recording in recordings.items():
            others = {each: clip for each, clip in clips.items() if each % EVERY == number % EVERY}
            sound = soundfile.read(recording, dtype="int16", always_2d=True)[0][:, track]
            phases = [coarse(sound[phase:]) for phase in range(COARSE)]
            likeness = {each: max(alike(heard, clip) for heard in phases) for each, clip in others.items()}
            assert likeness.pop(number) > 0.97
            assert max(likeness.values()) < 0.95


def coarse(samples: Sound) -> Sound:
    """A sound at a quarter of its rate, which is enough to tell clips apart."""
    whole = samples[: len(samples) // COARSE * COARSE].astype(np.float32)
    coarser: Sound = whole.reshape(-1, COARSE).mean(axis=1)
    return coarser


def alike(track: Sound, clip: Sound) -> float:
    """How much of a clip is in a track, at best: 1 is all of it."""
    products = correlated(track, clip)
    at = int(np.argmax(products[: len(track)]))
    energy = float(np.linalg.norm(track[at : at + len(clip)]) * np.linalg.norm(clip))
    return float(products[at]) / energy if energy > 1 else 0.0


def correlated(track: Sound, clip: Sound) -> Sound:
    """The product of a clip with a track, at each place."""
    size = 1 << int(np.ceil(np.log2(len(track) + len(clip))))
    products: Sound = np.fft.irfft(np.fft.rfft(track, size) * np.conj(np.fft.rfft(clip, size)), size)
    return products


def test_one_instance_carries_one_call_after_the_other(tmp_path: Path) -> None:
    """Without `instances` the same process has every call, and no two at once."""
    write_project(tmp_path / "project", 2, "restart: run")
    results = calls_of(tmp_path / "project")
    (first, _, ended), (second, begun, _) = sorted(map(carrier, results), key=lambda call: call[1])

    assert [result["outcome"] for result in results] == ["passed"] * 2
    assert first == second
    assert begun > ended - 0.1  # when it began is told by the bridge, a moment after it was dialled


def test_a_target_may_be_started_anew_for_each_call(tmp_path: Path) -> None:
    """With `restart: scenario` no process carries two calls, on one instance or on two."""
    write_project(tmp_path / "project", 3, "restart: scenario\n    instances: 2")
    results = calls_of(tmp_path / "project")

    assert [result["outcome"] for result in results] == ["passed"] * 3
    assert len({carrier(result)[0] for result in results}) == 3
    assert all(
        len([line for line in result["process_output"] if "begins" in line]) == 1 for result in results
    )


def test_one_that_cannot_start_costs_one_call(tmp_path: Path) -> None:
    """Of three instances one dies at its start: one call is an error that says so, the others hold."""
    write_project(tmp_path / "project", 4, "instances: 3")
    bridge = tmp_path / "project" / "bridge.py"
    bridge.write_text(bridge.read_text("utf-8").replace(BEGINNING, BEGINNING + DYING), "utf-8")
    results = calls_of(tmp_path / "project")

    assert sorted(result["outcome"] for result in results) == ["error", *["passed"] * 3]
    (error,) = [result["error"] for result in results if result["outcome"] == "error"]
    assert "out of licences" in error
    assert len({carrier(result)[0] for result in results if result["outcome"] == "passed"}) == 2


def test_no_more_are_started_than_there_are_calls(tmp_path: Path) -> None:
    """Of a thousand instances one call needs one."""
    write_project(tmp_path / "project", 1, "instances: 1000")
    bridge = tmp_path / "project" / "bridge.py"
    counting = '    with open("started", "a") as file:\n        file.write("one\\n")\n'
    bridge.write_text(bridge.read_text("utf-8").replace(BEGINNING, BEGINNING + counting), "utf-8")
    (result,) = calls_of(tmp_path / "project")

    assert result["outcome"] == "passed"
    assert (tmp_path / "project" / "started").read_text("utf-8") == "one\n"


def test_results_tell_what_each_bridge_gave_back(tmp_path: Path) -> None:
    """The process that noted a call's fact is the one that carried the call."""
    write_project(tmp_path / "project", 2, "instances: 2")
    results = calls_of(tmp_path / "project")

    for result in results:
        (use,) = [use for turn in result["turns"] for use in turn["functions"]]
        assert json.loads(use["output"])["process"] == carrier(result)[0]
