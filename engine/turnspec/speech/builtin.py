"""The intents that every project has: what agents and callers commonly do in English."""

from __future__ import annotations

from typing import Final

from turnspec.speech.intents import Intent

# Words that may come before the first that counts.
_OPENING: Final = (  # a row of marks is looked through once, not from each of them
    r"(?:^\W*+|[.!?;][^\w.!?;]*+)"
    r"(?:(?:and|so|but|oh|okay|ok|well|um|uh|please|sorry|actually|right)\b[^\w.!?;]*+)*"
)
_ASKS: Final = (
    r"(?:who|whom|whose|what|when|where|which|why|how|is|are|am|was|were|do|does|did|can|could|will|would|"
    r"shall|should|may|might|(?:have|has|had)(?= (?:i|you|we|they|he|she|it|there|any|some|my|your)))"
)
_SHORT: Final = (
    r"(?:(?:what|who|where|how|when)['\u2019]?s|(?:is|are|do|did|does|ca|could|wo|would)n['\u2019]?t)"
)
_BE: Final = r"(?:was|is|has been|were|are|got|have been)"
_GONE: Final = r"(?:lost|stolen|missing|broken|blocked|locked)"
_HAVE_LOST: Final = r"(?:['\u2019]?ve| have)? (?:just )?(?:lost|broke|broken|forgot|forgotten)"
_NEGATED: Final = r"(?:doesn['\u2019]?t|does not|won['\u2019]?t|will not|isn['\u2019]?t|is not)"
_ASSENT: Final = (
    r"(?:right|sure|certainly|okay|ok|all right|alright|fine|indeed|of course)\b(?! (?:now|away|not))"
)
_NO: Final = r"(?:no|nope|nah|negative)\b(?! (?:problem|worries|doubt|matter))"
_SAY_TELL: Final = r"(?:ask|have|know|tell|confirm|give|repeat|spell|provide)"

_INTENTS: Final = (
    Intent(
        "greeting",
        phrases=(
            "good morning",
            "good afternoon",
            "good evening",
            "welcome to",
            "thank you for calling",
            "thanks for calling",
            "nice to meet you",
            "you have reached",
            "you are through to",
            "you are speaking with",
            "how may I help you today",
            "how can I help you today",
            "how may I direct your call",
        ),
        keywords=("hello", "hi", "hey", "hiya", "howdy", "greetings", "welcome"),
        not_=("you're welcome", "you are welcome", "say hello to", "goodbye", "bye"),
        broad=True,
    ),
    Intent(
        "farewell",
        phrases=(
            "take care",
            "talk to you later",
            "see you later",
            "see you soon",
            "until next time",
            "thank you for your call",
        ),
        keywords=("goodbye", "bye", "good night", "farewell", "cheerio"),
        patterns=(r"\bhave an? (?:\w+ )?(?:day|night|evening|afternoon|morning|weekend|one)\b",),
        broad=True,
    ),
    Intent(
        "help_request",
        phrases=(
            "I need help",
            "I need some help",
            "I need assistance",
            "can you help me",
            "could you help me",
            "please help me",
            "help me with",
            "I have a problem",
            "I have an issue",
            "I am having trouble",
            "something is wrong with",
            "I would like to speak to someone",
            "I want to speak to an agent",
            "I need support",
            "I don't know how to",
            "is there someone who can help",
        ),
        patterns=(
            r"\b(?:help|assist) (?:me|us)\b",
            r"\b(?:need|want|require)\b.{0,20}\b(?:help|assistance|support)\b",
            rf"\b(?:i|we){_HAVE_LOST}\b",
            rf"\b(?:my|our) [\w ]{{1,30}} {_BE} {_GONE}\b",
            rf"\b{_NEGATED} work(?:ing)?\b",
        ),
        not_=("don't need help", "no help needed", "need no help", "help you", "can I help", "may I help"),
        broad=True,
    ),
    Intent(
        "question",
        patterns=(
            r"\?",
            rf"{_OPENING}(?:{_ASKS}|{_SHORT})\s+\w",
            rf"\b(?:may|can|could|would) (?:i|you) (?:please )?{_SAY_TELL}\b",
            r"\b(?:do you know|i was wondering|i would like to know|i['\u2019]d like to know)\b",
        ),
        weight=0.6,
        broad=True,
    ),
    Intent(
        "complaint",
        phrases=(
            "I want to complain",
            "I would like to make a complaint",
            "this is unacceptable",
            "this is ridiculous",
            "I am not happy",
            "I am very unhappy",
            "I am fed up",
            "I am sick of",
            "sick and tired",
            "worst service",
            "bad service",
            "terrible service",
            "not good enough",
            "waste of time",
            "I have been waiting for",
            "nobody helps me",
            "let me speak to your manager",
            "I demand a refund",
        ),
        keywords=(
            "complain",
            "complaint",
            "complaining",
            "unacceptable",
            "ridiculous",
            "terrible",
            "horrible",
            "awful",
            "disgusting",
            "disgraceful",
            "outrageous",
            "appalling",
            "useless",
            "disappointed",
            "disappointing",
            "frustrated",
            "frustrating",
            "annoyed",
            "furious",
            "dissatisfied",
            "unhappy",
        ),
        not_=("no complaints", "not a complaint", "can't complain", "not disappointed"),
        broad=True,
    ),
    Intent(
        "gratitude",
        phrases=(
            "thank you",
            "thank you very much",
            "thank you so much",
            "thanks a lot",
            "many thanks",
            "I appreciate it",
            "I appreciate that",
            "that is very kind",
            "much obliged",
            "I am grateful",
        ),
        keywords=("thank", "thanks", "appreciate", "appreciated", "grateful", "cheers", "gratitude"),
        not_=("no thanks to", "don't appreciate", "do not appreciate"),
        broad=True,
    ),
    Intent(
        "confirmation",
        phrases=(
            "that is correct",
            "that is right",
            "that's it exactly",
            "yes please",
            "yes that is fine",
            "sounds good",
            "go ahead",
            "I agree",
            "I confirm",
            "please do",
            "that works",
        ),
        keywords=(
            "yes",
            "yeah",
            "yep",
            "yup",
            "correct",
            "exactly",
            "absolutely",
            "definitely",
            "affirmative",
            "confirm",
            "confirmed",
            "agreed",
        ),
        patterns=(
            rf"{_OPENING}{_ASSENT}",
            r"\b(?:that|this|you|it)(?:['\u2019]?s|['\u2019]?re| is| are) right\b",
        ),
        not_=(
            "not correct",
            "not right",
            "isn't correct",
            "isn't right",
            "not sure",
            "incorrect",
            "not confirmed",
            "not okay",
            "please confirm",
            "can you confirm",
            "could you confirm",
            "don't agree",
            "do not agree",
        ),
        broad=True,
    ),
    Intent(
        "denial",
        phrases=(
            "no thank you",
            "no thanks",
            "that is not correct",
            "that is not right",
            "that is wrong",
            "that's not what I said",
            "I don't want that",
            "I do not agree",
            "I don't think so",
            "absolutely not",
            "definitely not",
            "of course not",
            "not at all",
            "I disagree",
            "I refuse",
            "please don't",
        ),
        keywords=("incorrect", "disagree", "refuse"),
        patterns=(
            rf"{_OPENING}{_NO}",
            rf",\s*{_NO}",
            r"\b(?:not|isn['\u2019]?t) (?:correct|right|true|what i)\b",
            r"\b(?:that|this|it|you)(?:['\u2019]?s|['\u2019]?re| is| are) wrong\b",
        ),
        broad=True,
    ),
)

BUILT_IN: Final = {intent.name: intent for intent in _INTENTS}
