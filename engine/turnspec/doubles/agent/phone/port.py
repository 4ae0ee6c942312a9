"""What a local agent asks of the telephone line that it speaks on."""

from __future__ import annotations

from turnspec.doubles.agent.reply import Heard, Reply, Transfer


class Port:
    """The wire under a `PhoneAgent`; here it has no word for anything, and does nothing.

    Whoever implements it sends what it is told to, and tells the agent when a reply has been played out.
    """

    def say(self, reply_id: str, reply: Reply, at_us: int, *, aloud: bool) -> None:
        """A reply begins; `aloud`: its audio follows, else there are its words at most."""

    def audio(self, reply_id: str, data: bytes, at_us: int) -> None:
        """Send the next audio of a reply."""

    def audio_over(self, reply_id: str, at_us: int) -> None:
        """That was all of its audio: tell the agent once it has been played."""

    def flush(self, at_us: int, *, by_voice: bool) -> None:
        """The caller interrupts, by speaking or by a key: what has not been played shall not be."""

    def press(self, reply: Reply, digits: str, at_us: int) -> None:
        """Press keys of a reply, one right after another."""

    def transfer(self, reply: Reply, transfer: Transfer, at_us: int) -> None:
        """Give the call to somebody else."""

    def hang_up(self, at_us: int) -> None:
        """End the call; nothing is said after it."""

    def caller_began(self, at_us: int) -> None:
        """The caller began to speak, and may interrupt."""

    def caller_paused(self, heard: Heard, at_us: int) -> None:
        """So much was heard before a pause; the caller may go on."""

    def caller_finished(self, heard: Heard, at_us: int) -> None:
        """What the caller said, now that it is over."""
