"""Make every example fail, each for one reason, to see what a failure looks like.

    python scenarios/red.py [OUTPUT_FOLDER]

Copies this folder, changes one fact of each agent in the copy, and runs it. The exit code is that of
`turnspec run`: 1, if all is well.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of an agent: what its script says, what it says instead, and what is found in which turn."""

    scenario: str
    script: str
    kind_of_fact: str
    written: str
    instead: str
    turn: str
    finding: str


CHANGES = (
    Change(
        "mailbox.yaml",
        "agents/mailbox.yaml",
        "a word that it says",
        "You have two new messages",
        "You have two old messages",
        "Say the number",
        "says",
    ),
    Change(
        "rover.yaml",
        "agents/rover.yaml",
        "its hang-up",
        "    hangup: true\n",
        "",
        "Confirm with a key",
        "hangup",
    ),
    Change(
        "dictation.yaml",
        "agents/dictation.yaml",
        "its delay",
        "first_audio: 700 ms",
        "first_audio: 2500 ms",
        "First line",
        "response",
    ),
    Change(
        "editor.yaml",
        "agents/editor.yaml",
        "an argument that it passes",
        'delete_line: {which: "{{ which }}"}',
        "delete_line: {which: first}",
        "Delete it in writing",
        "calls",
    ),
    Change(
        "station.yaml",  # over each of its protocols
        "agents/station.yaml",
        "an argument that it passes",
        "metres: 10}}",
        "metres: 100}}",
        "An order",
        "calls",
    ),
    Change(
        "card-table.yaml",
        "agents/dealer.yaml",
        "an argument that it passes",
        "end_call: {reason: bust}",
        "end_call: {reason: boredom}",
        "One card too many",
        "calls",
    ),
)


def _planted(scenario: str, script: str, written: str, instead: str, turn: str, finding: str) -> Change:
    """A bug of the agent of one scenario of the cookbook."""
    return Change(
        f"cookbook/{scenario}.yaml",
        f"cookbook/agents/{script}.yaml",
        "its bug",
        written,
        instead,
        turn,
        finding,
    )


COOKBOOK = (
    _planted(
        "ivr-by-keypad",
        "ivr",
        "one hundred and twenty dollars and fifty cents",
        "one hundred and twelve dollars and fifty cents",
        "Enter the PIN",
        "says",
    ),
    _planted(
        "account-lookup",
        "accounts",
        'call: {find_account: {account: "{{ account }}"}}',
        'call: {find_account: {account: "1000"}}',
        "Ask for the balance",
        "calls",
    ),
    _planted(
        "card-blocking",
        "cards",
        '    say: "Shall I block the card ending in {{ last4 }}?"',
        '    call: {block_card: {last4: "{{ last4 }}", reason: lost}}\n    then: {say: "Shall I block it?"}',
        "Report the loss",
        "does_not_call",
    ),
    _planted(
        "appointment-with-correction", "appointments", 'time: "15:30"', 'time: "09:00"', "Agree", "calls"
    ),
    _planted(
        "transfer-to-a-person", "desk", "tel:+15550100900", "tel:+4930555", "Ask for a person", "transfer"
    ),
    _planted("voicemail", "voicemail", "  hangup: true\n", "", "Leave a message", "hangup"),
    _planted("silent-caller", "patient", "times: 2", "times: 1", "Be asked again", "no-reply"),
    _planted(
        "impatient-caller",
        "menu",
        "saved-menu.flac\n",
        "saved-menu.flac\n  interruptible: false\n",
        "Talk over it",
        "stops",
    ),
    _planted("noisy-line", "rover", "metres: 10}", "metres: 100}", "A precise order", "calls"),
    _planted("wrong-pin", "vault", ", hangup: true", "", "The last wrong PIN", "hangup"),
    _planted(
        "tool-failure",
        "orders",
        "I'm sorry, I cannot reach the warehouse just now.",
        "It was shipped on Monday.",
        "The warehouse does not answer",
        "says",
    ),
    _planted(
        "language-switch",
        "polyglot",
        "Su tarjeta est\u00e1 cancelada.",
        "Your card is cancelled.",
        "Stay with it",
        "says",
    ),
    _planted(
        "busy-or-verified",
        "switchboard",
        "What is your customer number?",
        "Please hold the line.",
        "The answer",
        "choose",
    ),
    _planted("one-moment", "counter", "takes: 2 s", "takes: 9 s", "Key in the mailbox", "response"),
    _planted("mm-hm", "reader", "  interruptible: false\n", "", "A sound of agreement", "keeps_speaking"),
    _planted("mostly-in-time", "moody", "to: 850 ms", "to: 1400 ms", "Ask", "response p95"),
    _planted("on-hold", "hold", "mailbox-count.flac", "mailbox-first.flac", "On hold", "plays"),
)
"""Bugs planted in the agents of the cookbook: each scenario finds the one of its own agent."""


def main() -> int:
    """Run the changed copy and return the exit code of `turnspec run`."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "turnspec-report/red").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(
            shutil.copytree(HERE, Path(scratch, "scenarios"), ignore=shutil.ignore_patterns("__pycache__"))
        )
        for change in (*CHANGES, *COOKBOOK):
            apply(change, copy)
            sys.stdout.write(_line(change))
        sys.stdout.flush()
        command = [sys.executable, "-m", "turnspec", "run", str(copy), "-o", str(output)]
        return subprocess.run(command, check=False).returncode  # noqa: S603 # the command is our own


def apply(change: Change, project: Path) -> None:
    """Change one fact of an agent script; it must be there exactly once."""
    script = project / change.script
    text = script.read_text(encoding="utf-8")
    if (times := text.count(change.written)) != 1:
        sys.exit(f"{change.script} has {change.written!r} {times} times; red.py needs it once")
    script.write_text(text.replace(change.written, change.instead), encoding="utf-8")


def _line(change: Change) -> str:
    instead = change.instead.strip() or "(removed)"
    return (
        f"{change.scenario}: {change.kind_of_fact} changed in {change.script}\n"
        f"    {change.written.strip()}  ->  {instead}\n"
        f"    to be found: {change.finding}, in turn {change.turn!r}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
