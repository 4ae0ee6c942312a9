"""Keys of the caller's telephone on their way to the bot: each by itself, or collected into one event."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.adapters.audiocodes.options import AudioCodesOptions


@dataclass(frozen=True, slots=True)
class Collecting:
    """How keys are collected: until `submit`, or `most` of them, or none came for `pause_us`."""

    submit: str
    most: int
    pause_us: int


class Keys:
    """What was pressed and not sent yet. `due_us`: when it is to be sent, if no other key comes."""

    def __init__(self, collecting: Collecting | None, *, sent: bool) -> None:
        self._collecting = collecting
        self._sent = sent
        self._held = ""
        self.due_us: int | None = None

    def press(self, digit: str, now_us: int) -> str | None:
        """One key; answers with the digits that are to be sent now."""
        how = self._collecting
        if not self._sent:
            return None
        if how is None:
            return digit
        if digit == how.submit:
            return self.taken()
        self._held += digit
        if how.most and len(self._held) >= how.most:
            return self.taken()
        self.due_us = now_us + how.pause_us
        return None

    def taken(self) -> str | None:
        """What has been collected, if anything; from here on it is sent."""
        held, self._held, self.due_us = self._held, "", None
        return held or None


def keys_of(options: AudioCodesOptions) -> Keys:
    """Keys as these options send them."""
    how = Collecting(options.dtmf_submit, options.dtmf_most, options.dtmf_pause.us)
    return Keys(how if options.dtmf == "collected" else None, sent=options.dtmf != "off")
