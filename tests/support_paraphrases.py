"""What engines of intents are measured on: a catalogue, and what other people say who mean the same.

Each intent has three phrases, as a tester would write them. Of its eight paraphrases the first four were
looked at while thresholds and features were chosen, the last four were not; nor was the second half of
what belongs to no intent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnspec.speech import Intent, Intents

PHRASES: Final[dict[str, tuple[str, str, str]]] = {
    "card_blocked": (
        "your card is blocked",
        "I have stopped that card for you",
        "the card can no longer be used",
    ),
    "ask_identity": (
        "can you tell me your date of birth",
        "please give me your full name and address",
        "I need to check who you are first",
    ),
    "account_balance": (
        "your balance is one hundred euros",
        "you have fifty pounds left in your account",
        "there is this much money on your account",
    ),
    "transfer_call": (
        "I will put you through to a colleague",
        "let me transfer you to another department",
        "please hold while I connect you",
    ),
    "appointment_booked": (
        "your appointment is booked for Monday",
        "I have made an appointment for you",
        "we will see you on Tuesday at three",
    ),
    "ask_repeat": (
        "could you say that again please",
        "sorry, I did not catch that",
        "would you repeat the last part",
    ),
    "order_shipped": (
        "your order has been shipped",
        "the parcel is on its way to you",
        "we sent your package yesterday",
    ),
    "refund_promised": (
        "you will get your money back",
        "I have issued a refund",
        "the amount will be returned to your account",
    ),
    "opening_hours": (
        "we are open from nine to five",
        "our office is closed on Sundays",
        "the shop opens at eight in the morning",
    ),
    "wait_for_it": (
        "one moment while I look that up",
        "please give me a second to check",
        "bear with me for a moment",
    ),
    "wrong_pin": (
        "that PIN is not correct",
        "the code you entered is wrong",
        "this number does not match our records",
    ),
    "anything_else": (
        "is there anything else I can do for you",
        "can I help you with something else",
        "do you have another question",
    ),
}

PARAPHRASES: Final[dict[str, tuple[str, ...]]] = {
    "card_blocked": (
        "Done. I've blocked the card ending in 4821.",
        "Nobody will be able to pay with that card any more.",
        "I have put a stop on your card.",
        "The card has been disabled as of now.",
        "Your credit card is blocked now, so don't worry.",
        "I just froze the card you lost.",
        "That card has been cancelled and cannot be used.",
        "We've stopped your debit card.",
    ),
    "ask_identity": (
        "What's your date of birth?",
        "Before we go on I have to verify your identity.",
        "May I have your name and your postal address?",
        "Could you confirm who I am speaking to?",
        "When were you born?",
        "I need your full name, please.",
        "Can you give me the address we have on file for you?",
        "First I have to check that it is really you.",
    ),
    "account_balance": (
        "You currently have 320 dollars in your account.",
        "The balance of your current account is 12 euros.",
        "There are two hundred pounds left.",
        "Your account stands at 1,250 euros.",
        "Your available balance is ninety dollars.",
        "You've got forty euros in the account.",
        "How much money is on your account: exactly 75 pounds.",
        "Right now your savings account holds five thousand dollars.",
    ),
    "transfer_call": (
        "I'm transferring you to our claims department.",
        "One of my colleagues will take it from here, I'll connect you.",
        "Let me put you through to somebody who can help.",
        "Stay on the line, I am passing you on to an expert.",
        "I'll hand you over to a human agent.",
        "You are being connected to the sales department.",
        "I am going to transfer this call.",
        "Please hold the line while I get a colleague.",
    ),
    "appointment_booked": (
        "You're booked in for Thursday at ten.",
        "I've scheduled your appointment.",
        "The doctor will see you on Friday morning.",
        "That's all set: your appointment is on the third of May.",
        "I have put you down for Wednesday at half past two.",
        "Your appointment is confirmed for next Monday.",
        "We have reserved a slot for you on Tuesday.",
        "See you on Thursday at four, then.",
    ),
    "ask_repeat": (
        "I'm sorry, could you repeat that?",
        "Pardon? I didn't hear what you said.",
        "Can you say it once more?",
        "I didn't quite get that.",
        "Please say that one more time.",
        "Sorry, what was the last thing you said?",
        "I could not understand you, would you say it again?",
        "Would you mind repeating that?",
    ),
    "order_shipped": (
        "We've shipped your order this morning.",
        "Your parcel left our warehouse on Monday.",
        "It's on its way and should reach you tomorrow.",
        "The package was sent out two days ago.",
        "Your package is on its way.",
        "The order was dispatched yesterday.",
        "We have sent out your parcel.",
        "Your delivery is already with the courier.",
    ),
    "refund_promised": (
        "I've refunded the full amount.",
        "The money will be back on your account in three days.",
        "We will give you your money back.",
        "You'll be reimbursed within a week.",
        "A refund has been issued to your card.",
        "We're going to return the payment to you.",
        "Your refund is being processed.",
        "You get back everything that you paid.",
    ),
    "opening_hours": (
        "We're open every day from ten until six.",
        "On Sundays we are closed.",
        "The branch opens at nine.",
        "You can visit us between eight and four on weekdays.",
        "Our opening hours are nine to five, Monday to Friday.",
        "The office closes at six in the evening.",
        "The store is open until eight tonight.",
        "We do not open on public holidays.",
    ),
    "wait_for_it": (
        "Just a moment, I'm checking that for you.",
        "Let me look that up, one second.",
        "Hang on while I pull up your file.",
        "Give me a moment please.",
        "One second, please.",
        "Let me just check that for you.",
        "This will take a moment, bear with me.",
        "Please wait while I search for it.",
    ),
    "wrong_pin": (
        "I'm afraid that PIN is wrong.",
        "The PIN you have entered isn't right.",
        "That's not the code we have on file.",
        "This does not match what we have in our records.",
        "Sorry, this code is incorrect.",
        "The number you gave me doesn't match.",
        "That is the wrong PIN.",
        "The code was not accepted, it is invalid.",
    ),
    "anything_else": (
        "Anything else I can help you with today?",
        "Is there something else you need?",
        "Do you have any other questions?",
        "Would you like help with anything more?",
        "Can I do anything else for you?",
        "Was there another thing you wanted to ask?",
        "What else can I do for you?",
        "Is that all, or is there anything more?",
    ),
}

OUT_OF_SCOPE: Final = (
    "The weather in Antwerp is sunny today.",
    "I would recommend the vegetarian lasagne.",
    "Our chief executive founded the company in 1998.",
    "The train to Brussels leaves from platform four.",
    "Please press the red button at the back of the modem.",
    "Insurance covers water damage but not theft.",
    "My favourite colour is green.",
    "You should restart the computer and try to log in.",
    "A tyre pressure of two bar is usual for that model.",
    "The concert was wonderful, everyone danced.",
    "Cats sleep for most of the day.",
    "The recipe needs two eggs and some flour.",
    "Mount Everest is the highest mountain on Earth.",
    "The password must have twelve characters.",
    "He plays the guitar in a band.",
    "Your phone contract runs for two years.",
    "Turn left after the bridge and follow the river.",
    "The museum shows paintings of the seventeenth century.",
    "I can't give medical advice, ask a doctor.",
    "The wireless network is called Guest.",
    "A visa is required for a stay of more than ninety days.",
    "The printer is out of paper.",
    "Photosynthesis turns light into sugar.",
    "The football match ended two to one.",
)


def catalogue() -> dict[str, Intent]:
    """The intents by name; nothing but phrases tells them."""
    return {name: Intent(name, phrases=phrases) for name, phrases in PHRASES.items()}


def labelled(*, held_out: bool) -> list[tuple[str, str | None]]:
    """One half of the sentences, each with the intent that it has."""
    half = slice(4, 8) if held_out else slice(0, 4)
    texts = [(text, name) for name, said in PARAPHRASES.items() for text in said[half]]
    strange = OUT_OF_SCOPE[12:] if held_out else OUT_OF_SCOPE[:12]
    return [*texts, *((text, None) for text in strange)]


def accuracy(intents: Intents, sentences: Sequence[tuple[str, str | None]]) -> float:
    """The share of sentences whose highest of these intents is the right one, or none where none is right."""
    return sum(_best(intents, text) == name for text, name in sentences) / len(sentences)


def found(intents: Intents, sentences: Sequence[tuple[str, str | None]]) -> tuple[float, float]:
    """How often a sentence holds the intent that it has, and how often one of the others."""
    hits = [name in intents.classify(text).held for text, name in sentences if name is not None]
    wrong = [
        other in intents.classify(text).held for text, name in sentences for other in PHRASES if other != name
    ]
    return sum(hits) / len(hits), sum(wrong) / len(wrong)


def _best(intents: Intents, text: str) -> str | None:
    ranking = intents.classify(text).ranking
    return next((each.name for each in ranking if each.name in PHRASES and each.holds), None)
