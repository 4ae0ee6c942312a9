"""What counts as the same when it is spoken, and what does not."""

from __future__ import annotations

from itertools import combinations, pairwise
from time import perf_counter
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from turnspec.speech.numerals import LANGUAGES
from turnspec.speech.spoken import find_spoken, is_said, spoken
from turnspec.speech.text import words

SAID = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
"""
ONES, TENS = SAID.split()[:20], SAID.split()[20:]


def in_words(number: int) -> str:
    """A whole number as English says it, without "and"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        rest = f"-{ONES[number % 10]}" if number % 10 else ""
        return f"{TENS[number // 10 - 2]}{rest}"
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {in_words(number % size)}" if number % size else ""
            return f"{in_words(number // size)} {name}{rest}"
    raise AssertionError(number)


SAME = [
    # codes
    ["4821", "4 8 2 1", "4-8-2-1", "4, 8, 2, 1", "4. 8. 2. 1.", "4,8,2,1", "48 21"],
    ["4821", "four eight two one", "four, eight, two, one", "forty-eight twenty-one", "4,821"],
    ["042", "oh four two", "zero four two", "o four two", "0 4 2"],
    ["55", "double five", "five five"],
    ["0007", "triple oh seven", "zero zero zero seven"],
    ["R-1042", "R dash one zero four two", "R, one zero four two", "r 1042", "R1042"],
    ["A B 1", "A as in alpha, B for Bravo, one"],
    ["911", "nine one one"],
    ["105", "one oh five"],
    # numbers
    ["105", "one hundred and five", "a hundred and five", "one hundred five"],
    ["1200", "1,200", "twelve hundred", "one thousand two hundred"],
    ["4821", "four thousand eight hundred and twenty-one"],
    ["3.14", "three point one four"],
    ["1500000", "1.5 million", "one point five million", "1,500,000"],
    ["press 1", "press one"],
    ["-5 degrees", "minus five degrees", "negative five degrees", "\u22125 degrees"],
    ["-$5", "minus five dollars"],
    ["1500 euros", "1\u00a0500 euros", "1\u202f500 euros"],
    [".5", "0.5", "zero point five"],
    ["$.50", "$0.50"],
    # telephone numbers
    ["5551234", "555-1234", "five five five one two three four"],
    ["5551234567", "(555) 123-4567", "555.123.4567", "five five five, one two three, four five six seven"],
    ["+15551234567", "+1 (555) 123-4567", "plus one five five five one two three four five six seven"],
    ["07700900123", "07700 900123", "oh seven seven double oh nine double oh one two three"],
    # money
    ["$21.50", "21.50 dollars", "twenty one dollars and fifty cents", "twenty-one dollars fifty"],
    ["$5", "$5.00", "five dollars", "5 USD"],
    ["€5", "5 €", "5€", "five euros"],
    ["£5.50", "five pounds fifty", "five pounds and fifty pence"],
    ["$5 million", "five million dollars", "$5,000,000"],
    ["50¢", "fifty cents", "50 cents"],
    # shares
    ["10%", "10 %", "ten percent", "10 per cent"],
    # times
    ["3:30", "half past three", "half past 3", "03:30"],
    ["3:30 PM", "3:30pm", "three thirty p.m.", "three thirty p m", "15:30", "half past three pm", "3.30 pm"],
    ["3:45", "a quarter to four", "quarter to 4"],
    ["3:10", "ten past three"],
    ["3:00", "three o'clock", "3 o'clock"],
    ["3 PM", "three p.m.", "15:00", "three o'clock p.m."],
    ["12:05 am", "0:05", "twelve oh five a.m."],
    ["at 3:30", "at three thirty"],
    # dates and years
    ["May 3", "May 3rd", "May third", "May the 3rd", "the third of May", "3rd of May", "3rd May"],
    ["June 22", "22 June", "June twenty-second", "the twenty second of June", "22nd June"],
    ["May 3, 2025", "May third twenty twenty-five", "May 3rd, two thousand and twenty-five"],
    ["1984", "nineteen eighty-four"],
    ["1904", "nineteen oh four"],
    ["21st", "twenty-first"],
    ["the 3rd", "the third"],
]

DIFFERENT = [
    ("no one", "no 1"),
    ("one moment", "1 moment"),
    ("this one", "this 1"),
    ("the first one", "the 1st 1"),
    ("this one two", "this 12"),
    ("a second please", "a 2nd please"),
    ("a twenty second delay", "a 22nd delay"),
    ("to", "2"),
    ("too", "2"),
    ("for", "4"),
    ("won", "1"),
    ("ate", "8"),
    ("oh four people", "04 people"),
    ("thousands of cards", "1000 of cards"),
    ("4821", "4812"),
    ("042", "42"),
    ("100 100", "100100"),
    ("one hundred one hundred", "100100"),
    ("two thirty minute calls", "230 minute calls"),
    ("press 1, 2 or 3", "press 12 or 3"),
    ("ten, thirty", "1030"),
    ("5-10 minutes", "510 minutes"),
    ("5-7 days", "57 days"),
    ("10-15 people", "1015 people"),
    (f"{'1' * 50}1 million", f"{'1' * 50}2 million"),
    ("ten to four", "3:50"),
    ("3:30", "330"),
    ("three thirty", "330"),
    ("3:30 AM", "3:30 PM"),
    ("3:30", "3:30 PM"),
    ("$21.50", "21.50"),
    ("$5", "€5"),
    ("$21", "$21.50"),
    ("five pounds fifty people", "£5.50 people"),
    ("ten percent", "ten"),
    ("fifty cents", "$50"),
    ("the third", "the 3"),
    ("May 3", "3"),
    ("you two march on", "March 2 on"),
    ("+1 555 123 4567", "1 555 123 4567"),
    ("R-1042", "S-1042"),
    ("noon", "12:00"),
    ("two thirds", "2 3rd"),
    ("three fifths of it", "3/5 of it"),
    ("-5", "5"),
    ("-$5", "$5"),
    ("minus ten percent", "ten percent"),
    ("ten minus five", "10 -5"),
    (".5%", "5%"),
    ("$.50", "$50"),
    ("$1,500", "$15.00"),
    ("$1.500", "$1.50"),
    ("1,5", "15"),
    ("fifteen dollars", "fifty dollars"),
    ("13", "thirty"),
    ("version 2.10", "version 2.1"),
    ("10,15", "1015"),
    ("1/2", "12"),
    ("2/3", "23"),
    ("half past three", "three thirty p.m."),
    ("quarter to four", "4:15"),
    ("12 am", "12 pm"),
    ("8:05", "8:50"),
    ("eight oh five", "8:50"),
    ("may 31", "may 3 1"),
    ("31 may", "13 may"),
    ("twenty twenty-four", "2020 4"),
    ("one hundred", "100th"),
    ("two hundred and three", "230"),
    ("four eight two one", "482"),
    ("4821", "04821"),
    ("+1 555 123 4567", "+1 555 123 4568"),
    ("double five", "five five five"),
    ("five to seven days", "6:55 days"),
    ("B as in boy", "D as in dog"),
    ("$1.5 million", "$15 million"),
    ("5 kg", "5 g"),
    ("two weeks", "two days"),
    ("a hundred and one", "1001"),
    ("room one oh one", "room 11"),
    ("two dollars fifty", "$250"),
    ("ten cents", "ten dollars"),
    ("the second", "the third"),
    ("no. 5", "number 5"),
    ("5 + 3", "53"),
    ("12:30:45", "123045"),
]


SIGNS = {"<$>", "<€>", "<£>", "<¢>", "<%>"}


def in_writing(form: tuple[str, ...]) -> str:
    """A form of speech as a text, with a break on either side of each figure."""
    text = ""
    for before, unit in pairwise(("", *form)):
        apart = unit not in SIGNS and (unit[0] == "<" or before[:1] == "<")
        text += f"{': ' if apart else ' '}{unit.strip('<>')}"
    return text


def _pairs() -> list[tuple[str, str]]:
    return [pair for forms in SAME for pair in pairwise(forms)]


@pytest.mark.parametrize(("one", "other"), _pairs())
def test_the_same_said_otherwise(one: str, other: str) -> None:
    """Words and figures for the same thing are found in each other, inside a sentence too."""
    assert spoken(one) == spoken(other)
    assert is_said(f"Well, it is; {one}. Thanks!", other)
    assert is_said(f"Well, it is; {other}. Thanks!", one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_only_looks_or_sounds_alike(one: str, other: str) -> None:
    """Pronouns, homophones, other digits and other amounts stay apart."""
    assert spoken(one) != spoken(other)


def test_groups_of_what_is_the_same_are_apart() -> None:
    """No two groups of the table that share no form have the same form of speech."""
    forms = [(set(group), spoken(group[0])) for group in SAME]

    for (one, form), (other, other_form) in combinations(forms, 2):
        assert form != other_form or one & other or {"105", "4821", "3 PM", "3:00"} & (one | other)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Your code is four eight two one.", "48"),
        ("One moment please, no one is free.", "1"),
        ("Press 1, 2 or 3", "12"),
        ("That is $21.50", "twenty-one"),
        ("It is R-10421", "R one zero four two"),
        ("", "one"),
        ("It opens at 3:30", "three thirty three"),
    ],
)
def test_a_part_of_a_number_is_not_said(text: str, phrase: str) -> None:
    """A number is found as a whole, and only where it is one."""
    assert find_spoken(text, phrase) is None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("That is twenty-one dollars", "21"),
        ("It opens at half past three p.m.", "3:30"),
        ("Card-less code four eight two one is active", "cardless code 4821 is"),
        ("Option one of three: press one", "press 1"),
    ],
)
def test_a_number_within_its_sentence(text: str, phrase: str) -> None:
    """The amount of money, the time without its half of the day, and words around a number are found."""
    assert is_said(text, phrase)


@pytest.mark.parametrize("word", ["five", "a", "second"])
def test_a_text_that_goes_on_and_on(word: str) -> None:
    """A word said ten thousand times, and half as often with another end, is compared in no time."""
    text, phrase = f"{word} " * 10_000, f"{word} " * 5_000
    began_s = perf_counter()

    assert not is_said(text, f"{phrase}six")
    assert is_said(text, phrase)
    assert perf_counter() - began_s < 10


def test_words_are_never_worse_off() -> None:
    """What is a run of words as it stands is found, even where the form of speech differs."""
    assert is_said("Press 1 2 or 3", "press 1")
    assert is_said("one two three four", "two three")
    assert is_said("I have one moment", "have one")
    assert is_said("Quiero dos o tres", "quiero dos", "es")
    assert is_said("Two thirds of it", "thirds of it")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("That is 5 euros", "$5"),
        ("That is 50 cents", "$50"),
        ("That is 5", "$5"),
        ("It grew by 10", "10%"),
        ("It takes 57 days", "5-7 days"),
        ("That is twenty-five dollars", "five dollars"),
        ("It has two hundred and three pages", "three pages"),
        ("It costs $1 million", "$1"),
        ("Your balance is -5", "5"),
        ("Your balance is minus five dollars", "five dollars"),
        ("100 200 people", "100200 people"),
        ("Son veintitrés mil euros", "mil euros"),
    ],
)
def test_figures_are_of_the_same_thing_and_whole(text: str, phrase: str) -> None:
    """Another currency, a share, a range, what is below zero and a part of a number are none of it."""
    assert not is_said(text, phrase, "es" if text.startswith("Son") else "en")


@given(st.integers(0, 10_000_000))
@example(10_000_000)
@example(100_100)
@example(1_000_001)
def test_whole_numbers_in_words_are_their_digits(number: int) -> None:
    """Up to ten million, with thousands marked or not."""
    assert spoken(in_words(number)) == spoken(str(number)) == spoken(f"{number:,}")


@given(st.text("0123456789", min_size=2, max_size=20), st.sampled_from([" ", ", ", "-", ". "]))
def test_digits_read_one_by_one(digits: str, gap: str) -> None:
    """However the reader pauses, from four digits on; without pauses from two on."""
    read = " ".join(ONES[int(digit)] for digit in digits)

    assert spoken(read) == (f"<{digits}>",)
    if len(digits) >= 4:
        assert spoken(gap.join(ONES[int(digit)] for digit in digits)) == (f"<{digits}>",)
        assert spoken(gap.join(digits)) == (f"<{digits}>",)


@given(st.integers(1, 12), st.integers(10, 59), st.sampled_from(["am", "pm"]))
def test_times_of_day(hour: int, minute: int, half: str) -> None:
    """Said, written with twelve hours and with twenty-four."""
    in_full = f"{in_words(hour)} {in_words(minute)} {half[0]}.m."
    whole = hour % 12 + (12 if half == "pm" else 0)

    assert spoken(in_full) == spoken(f"{hour}:{minute} {half}")
    if whole == 0 or whole > 12:
        assert spoken(in_full) == spoken(f"{whole}:{minute:02}")


@given(st.integers(0, 99_999), st.integers(10, 99))
def test_amounts_of_money(dollars: int, cents: int) -> None:
    """Said with dollars and cents, and written with a sign."""
    said = f"{in_words(dollars)} dollars and {in_words(cents)} cents"

    assert spoken(said) == spoken(f"${dollars}.{cents}") == spoken(f"${dollars:,}.{cents}")


HEARD = """
hundred thousand million point and a oh o double plus dash first second third the of may june at half quarter
past to pm am p.m. o'clock dollars cents percent per cent as in for r b 1 04 12 30 555 1234 3:30 15:30 3.5
21.50 $5 $ % + € 3rd , . - ? ( 1,200 4,8 1/2 ***
"""
SPEECH = st.lists(st.sampled_from([*ONES, *TENS, *HEARD.split()]), max_size=12).map(" ".join)


@given(st.text(max_size=60) | SPEECH, st.sampled_from([*sorted(LANGUAGES), "xx", ""]))
def test_any_text_is_taken_in_any_language(text: str, language: str) -> None:
    """Whatever was said or written, comparing it never fails, and it is in itself."""
    form = spoken(text, language)

    assert all(form)
    assert is_said(text, text, language)


@given(st.text(max_size=60) | SPEECH)
@example("one hundred one hundred")
@example("4 8, 21")
@example("$ 5 5")
def test_what_is_in_writing_stays_so(text: str) -> None:
    """The form of speech, written down, has the same form of speech."""
    assert spoken(in_writing(spoken(text))) == spoken(text)


@given(st.text(st.characters(exclude_categories=["N"]), max_size=40))
def test_texts_without_numbers_are_words(text: str) -> None:
    """Where nothing is a number, the form of speech is the words."""
    told = {*ONES, *TENS, "hundred", "thousand", "million", "billion", "for", "as"}
    if told.isdisjoint(words(text)) and not any(map(str.isdecimal, normalize("NFKC", text))):
        assert spoken(text) == words(text)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "cuatro ocho dos uno"),
        ("fr", "quatre huit deux un"),
        ("de", "vier acht zwei eins"),
        ("pt", "quatro oito dois um"),
        ("it", "quattro otto due uno"),
        ("nl", "vier acht twee een"),
        ("da", "fire otte to en"),
    ],
)
def test_codes_in_other_languages(language: str, said: str) -> None:
    """Digits are read in each language that there are numbers for, and in no other."""
    assert is_said(f"Bla {said} bla", "4821", language)
    assert not is_said(f"Bla {said} bla", "4821", "xx")


def test_small_numbers_of_other_languages_stay_words() -> None:
    """Articles that are numbers too are no numbers where they stand alone."""
    assert spoken("un momento", "es") == ("un", "momento")
    assert spoken("ein Moment", "de") == ("ein", "moment")
    assert spoken("veinticinco vacas", "es") == ("<25>", "vacas")
