"""Make the example clips from the recordings that two Debian packages install.

    apt-get install asterisk-core-sounds-en-wav pocketsphinx-testdata
    python scenarios/audio/build.py

Every clip is cut, joined and levelled here and nowhere else, so that anyone can see what was done to a
recording and do it again. It writes the clips, the text beside each, and PROVENANCE.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float64]

HERE = Path(__file__).resolve().parent
TELEPHONE_HZ = 8_000
ORIGINAL_HZ = 16_000  # of all that callers say
FRAME = TELEPHONE_HZ // 100
ACTIVE_LEVEL_DB = -20.0
PEAK_DB = -1.5
SILENCE_BELOW_LOUDEST_DB = 34.0
LEAD_MS = 10
TAIL_MS = 60
FADE_MS = 5
JOIN_MS = 50
SENTENCE_MS = 260
LINE_NOISE_DB = -62.0
SPEECH_OVER_NOISE_DB = 9.0


@dataclass(frozen=True, slots=True)
class Collection:
    """Recordings of one origin and one licence."""

    package: str
    folder: Path
    speaker: str
    licence: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one recording; without `cut_ms` all of it, less the silence around it."""

    source: str
    cut_ms: tuple[int, int] | None = None
    pause_before_ms: int = JOIN_MS


@dataclass(frozen=True, slots=True)
class Clip:
    """A file to make: its name, exactly what is said in it, and what it is made of."""

    name: str
    text: str
    collection: Collection
    pieces: tuple[Piece, ...]


PROMPTS = Collection(
    package="asterisk-core-sounds-en-wav 1.6.1",
    folder=Path("/usr/share/asterisk/sounds/en_US_f_Allison"),
    speaker="Allison Smith",
    licence="CC-BY-SA-3.0",
)
COMMANDS = Collection(
    package="pocketsphinx-testdata 0.8",
    folder=Path("/usr/share/pocketsphinx/test/data"),
    speaker="CMU Sphinx contributor",
    licence="BSD-2-Clause",
)
READINGS = Collection(
    package="pocketsphinx-testdata 0.8",
    folder=Path("/usr/share/pocketsphinx/test/data/librivox"),
    speaker="LibriVox reader, Sense and Sensibility, chapter 1",
    licence="public domain",
)
CHAPTER = "sense_and_sensibility_01_austen_64kb"


def prompt(name: str, text: str, *parts: str | Piece) -> Clip:
    """Return a clip of the agent's voice; a part that starts with `|` begins a new sentence."""
    return Clip(f"agent/{name}", text, PROMPTS, tuple(map(_prompt_piece, parts)))


def _prompt_piece(part: str | Piece) -> Piece:
    match part:
        case Piece():
            return part
        case str() if part.startswith("|"):
            return Piece(f"{part[1:]}.wav", pause_before_ms=SENTENCE_MS)
        case str():
            return Piece(f"{part}.wav")


def spoken(collection: Collection, name: str, text: str, *pieces: Piece) -> Clip:
    """Return a clip of a caller's voice."""
    return Clip(f"caller/{name}", text, collection, pieces)


CLIPS = (
    spoken(COMMANDS, "account", "two nine three four zero", Piece("tidigits/dhd.2934z.raw", (100, 1_960))),
    spoken(
        COMMANDS,
        "five-five",
        "five five",
        Piece("cards/004.wav", (20, 660)),
        Piece("cards/004.wav", (880, 1_540), pause_before_ms=0),
    ),
    spoken(COMMANDS, "forward", "go forward ten meters", Piece("goforward.raw", (300, 2_700))),
    spoken(COMMANDS, "vague", "go somewhere and do something", Piece("something.raw", (260, 2_620))),
    spoken(COMMANDS, "seven-of-clubs", "seven of clubs", Piece("cards/003.wav", (0, 1_530))),
    spoken(COMMANDS, "ten-of-clubs", "ten of clubs", Piece("cards/001.wav", (0, 1_090))),
    spoken(COMMANDS, "queen-of-clubs", "queen of clubs", Piece("cards/002.wav", (740, 1_950))),
    spoken(
        READINGS,
        "young-man",
        "he was not an ill disposed young man",
        Piece(f"{CHAPTER}-0880.wav", (60, 2_980)),
    ),
    spoken(
        READINGS,
        "cold-hearted",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
        Piece(f"{CHAPTER}-0890.wav", (80, 5_290)),
    ),
    spoken(
        READINGS,
        "amiable",
        "he might even have been made amiable himself",
        Piece(f"{CHAPTER}-0930.wav", (60, 3_280)),
    ),
    prompt("mailbox-greeting", "Comedian Mail. Mailbox?", "vm-login"),
    prompt(
        "mailbox-count",
        "You have two new messages and five old messages. To hear the next message press six, "
        "to repeat this message press five, to hear the previous message press four.",
        *("vm-youhave", "digits/2", "vm-INBOX", "vm-messages", "vm-and", "digits/5", "vm-Old", "vm-messages"),
        Piece("vm-msginstruct.wav", (0, 8_200), pause_before_ms=SENTENCE_MS),
    ),
    prompt(
        "mailbox-first",
        "First message. Received yesterday from an unknown caller.",
        *("vm-first", "vm-message", "|vm-received", "digits/yesterday", "vm-unknown-caller"),
    ),
    prompt(
        "mailbox-deleted",
        "Message deleted. No more messages. Goodbye!",
        *("vm-deleted", "|vm-nomore", "|goodbye"),
    ),
    prompt(
        "rover-greeting",
        "Hello. Your location is set to zero.",
        *("hello", "|your", "location", "is-set-to", "digits/0"),
    ),
    prompt(
        "not-understood",
        "I'm sorry, I did not understand your response. Please try again.",
        *("vm-sorry", "|vm-pls-try-again"),
    ),
    prompt(
        "rover-moved",
        "Thank you. Your location is set to ten. If this is correct, press one.",
        *("auth-thankyou", "|your", "location", "is-set-to", "digits/10", "|if-correct-press", "digits/1"),
    ),
    prompt(
        "rover-done",
        "Your location is ten. Thank you for your patience. Goodbye!",
        *("your", "location", "is", "digits/10", "|queue-thankyou", "|goodbye"),
    ),
    prompt(
        "dictation-greeting",
        "Hello. Your message is now being recorded.",
        *("hello", "|your", "vm-message"),
        Piece("conf-now-recording.wav", (770, 2_320)),
    ),
    prompt("saved", "Your message has been saved.", "vm-msgsaved"),
    prompt(
        "saved-menu",
        "Your message has been saved. Press one to accept this recording, press two to listen to it, "
        "press three to re-record your message.",
        *("vm-msgsaved", "|vm-review"),
    ),
    prompt("deleted", "Message deleted.", "vm-deleted"),
    prompt("undeleted", "Message undeleted. Goodbye!", "vm-undeleted", "|vm-goodbye"),
    prompt("no-more", "No more messages.", "vm-nomore"),
    prompt(
        "table-greeting",
        "Hello. Your number is zero.",
        *("hello", "|your", "number", "is", "digits/0"),
    ),
    prompt(
        "table-seven",
        "Your number is seven. Press two to enter a different number, press star to cancel.",
        *("your", "number", "is", "digits/7", "|vm-calldiffnum", "|vm-star-cancel"),
    ),
    prompt(
        "table-seventeen",
        "Your number is seventeen. Thank you.",
        *("your", "number", "is", "digits/17", "|auth-thankyou"),
    ),
    prompt(
        "table-bust",
        "I'm sorry, that number is not valid. Goodbye!",
        *("privacy-incorrect", "|goodbye"),
    ),
    prompt("table-code", "Please enter the conference pin number.", "conf-getpin"),
    prompt("one-moment", "One moment please.", "one-moment-please"),
)
HISS = "noise/hiss.flac"
HISS_S = 2
HISS_SEED = 1


def main() -> None:
    """Write every clip, its text and the provenance of all."""
    for clip in CLIPS:
        target = HERE / f"{clip.name}.flac"
        target.parent.mkdir(exist_ok=True)
        soundfile.write(target, _sound(clip), TELEPHONE_HZ, subtype="PCM_16")
        target.with_suffix(".txt").write_text(clip.text + "\n", encoding="utf-8")
        if clip.collection is not PROMPTS:
            known = HERE / "known" / target.name
            known.parent.mkdir(exist_ok=True)
            soundfile.write(known, _as_recorded(clip), ORIGINAL_HZ, subtype="PCM_16")
    (HERE / HISS).parent.mkdir(exist_ok=True)
    soundfile.write(HERE / HISS, _hiss(), TELEPHONE_HZ, subtype="PCM_16")
    (HERE / "PROVENANCE.md").write_text(_provenance(), encoding="utf-8")
    sys.stdout.write(f"{len(CLIPS)} clips in {HERE}\n")


def _sound(clip: Clip) -> Samples:
    parts: list[Samples] = [_silence(LEAD_MS)]
    for number, piece in enumerate(clip.pieces):
        parts += [_silence(piece.pause_before_ms if number else 0), _voiced(clip.collection, piece)]
    parts.append(_silence(TAIL_MS))
    levelled = _levelled(np.concatenate(parts))
    return levelled if clip.collection is PROMPTS else _with_quiet_line(levelled)


def _hiss() -> Samples:
    """White noise; it goes round without a seam, since nothing in it follows from what was before."""
    noise: Samples = np.random.default_rng(HISS_SEED).normal(0.0, 0.1, HISS_S * TELEPHONE_HZ)
    return np.clip(noise, -0.8, 0.8)


def _as_recorded(clip: Clip) -> Samples:
    """The words of a caller's clip as they were recorded: what an agent of the examples knows them by."""
    parts: list[Samples] = []
    for piece in clip.pieces:
        samples, rate_hz = _recording(clip.collection.folder / piece.source)
        assert rate_hz == ORIGINAL_HZ, piece.source
        begin, end = piece.cut_ms or (0, samples.size * 1_000 // rate_hz)
        parts.append(samples[begin * ORIGINAL_HZ // 1_000 : end * ORIGINAL_HZ // 1_000])
    return np.concatenate(parts)


def _voiced(collection: Collection, piece: Piece) -> Samples:
    samples, rate_hz = _recording(collection.folder / piece.source)
    if piece.cut_ms:
        begin, end = (ms * rate_hz // 1_000 for ms in piece.cut_ms)
        samples = samples[begin:end]
    at_telephone_rate: Samples = soxr.resample(samples, rate_hz, TELEPHONE_HZ, quality="VHQ")
    # Callers keep the noise of their line around the words, as on a telephone; prompts begin at once.
    trimmed = at_telephone_rate if collection is not PROMPTS else _without_silence(at_telephone_rate)
    return _faded(trimmed)


def _recording(path: Path) -> tuple[Samples, int]:
    if path.suffix == ".raw":
        return np.fromfile(path, "<i2").astype(np.float64) / 32_768, 16_000
    samples, rate_hz = soundfile.read(path, dtype="float64")
    return samples, rate_hz


def _without_silence(samples: Samples) -> Samples:
    loud = np.flatnonzero(
        _frame_levels_db(samples) > _frame_levels_db(samples).max() - SILENCE_BELOW_LOUDEST_DB
    )
    return samples[loud[0] * FRAME : (loud[-1] + 1) * FRAME]


def _frame_levels_db(samples: Samples) -> Samples:
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    levels: Samples = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return levels


def _faded(samples: Samples) -> Samples:
    ramp = np.linspace(0.0, 1.0, FADE_MS * TELEPHONE_HZ // 1_000)
    faded = samples.copy()
    faded[: ramp.size] *= ramp
    faded[-ramp.size :] *= ramp[::-1]
    return faded


def _levelled(samples: Samples) -> Samples:
    levels = _frame_levels_db(samples)
    active_db = 10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 25] / 10)))
    gain_db = min(ACTIVE_LEVEL_DB - active_db, PEAK_DB - 20 * np.log10(np.abs(samples).max()))
    levelled: Samples = samples * 10 ** (gain_db / 20)
    return levelled


def _with_quiet_line(samples: Samples) -> Samples:
    """Turn the noise of a caller's line down to that of a good one, where nobody speaks.

    It would begin and end with the clip, as it does on no telephone.
    """
    levels = _frame_levels_db(samples)
    noise_db = np.percentile(levels[levels > LINE_NOISE_DB - 20], 10)
    speech = np.convolve(levels > noise_db + SPEECH_OVER_NOISE_DB, np.ones(5), "same") > 0
    frame_gains = np.where(speech, 1.0, min(1.0, 10 ** ((LINE_NOISE_DB - noise_db) / 20)))
    centres = np.arange(frame_gains.size) * FRAME + FRAME / 2
    quietened: Samples = samples * np.interp(np.arange(samples.size), centres, frame_gains)
    return quietened


def _silence(ms: int) -> Samples:
    return np.zeros(ms * TELEPHONE_HZ // 1_000)


def _provenance() -> str:
    rows = "\n".join(map(_row, CLIPS))
    return f"""\
# Where the clips come from

Made by `build.py` from recordings of people, nothing synthesised. Every clip was resampled to 8 kHz mono,
given {FADE_MS} ms fades at each cut, and brought to {ACTIVE_LEVEL_DB:.0f} dBFS while speaking. Prompts lost
the silence around them; joined ones have {JOIN_MS} ms between words and {SENTENCE_MS} ms between sentences.
The noise of a caller's line was turned down to {LINE_NOISE_DB:.0f} dBFS around the words. The text file
beside a clip says exactly what is said in it. The licences are in `LICENSE`.

`known/` holds the words of each caller's clip as they were recorded, at 16 kHz and untouched: what the
agents of the examples know them by (`heard:` in their scripts). They come from the same recordings as the
clips of the same names.

`{HISS}` is no recording: {HISS_S} s of white noise from a random generator (seed {HISS_SEED}), in the public
domain.

| clip | source package | recordings (cut, in ms) | speaker | licence |
|---|---|---|---|---|
{rows}
"""


def _row(clip: Clip) -> str:
    origin = clip.collection
    recordings = ", ".join(map(_recording_name, clip.pieces))
    return f"| `{clip.name}.flac` | {origin.package} | {recordings} | {origin.speaker} | {origin.licence} |"


def _recording_name(piece: Piece) -> str:
    cut = f" ({piece.cut_ms[0]}-{piece.cut_ms[1]})" if piece.cut_ms else ""
    return f"`{piece.source}`{cut}"


if __name__ == "__main__":
    main()
