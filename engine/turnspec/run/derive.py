"""What needs a model or the network to be known, asked once a call is over and kept with its evidence.

Nothing here touches the loop of a call: questions are asked in threads, a few at a time in the whole process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from turnspec.call.derived import Derived, DerivedState
from turnspec.checks.questions import JUDGE, Question
from turnspec.run.answers_kept import KeptAnswers, key_of
from turnspec.run.asking import Api
from turnspec.speech import embedding, judging
from turnspec.speech.answers import ApiAnswer, NoAnswer
from turnspec.speech.engines.endpoint import Endpoint as EmbeddingEngine
from turnspec.speech.intents import Intents
from turnspec.speech.judging import Form, Said

AT_ONCE: Final = 4
"""Requests at the same time, of all calls of a process."""

MOST_WAITING: Final = 32

T = TypeVar("T")

_places = threading.BoundedSemaphore(AT_ONCE)


class Stop:
    """Ends the wait for answers from anywhere, a signal handler too."""

    def __init__(self) -> None:
        self.came = False
        self._waiting: list[SimpleQueue[Any]] = []

    def now(self) -> None:
        """Wait no longer."""
        self.came = True
        for queue in self._waiting:
            queue.put(None)

    def waiting_on(self, queue: SimpleQueue[Any]) -> None:
        """Tell a queue, too."""
        self._waiting.append(queue)
        if self.came:
            queue.put(None)


class ChatJudge:
    """Asks one chat model for its judgement."""

    def __init__(self, api: Api, kept: KeptAnswers) -> None:
        self._api = api
        self._kept = kept
        self._form = Form.SCHEMA
        self._temperature = True

    def derived(self, question: Question) -> Derived:
        """The model's judgement of a turn, or why there is none."""
        where = self._api.endpoint
        asked = judging.messages(question.text, [Said(*each) for each in question.said], question.turn + 1)
        key = key_of(JUDGE, judging.PROMPT_VERSION, where.url, where.model, asked)
        answer = self._kept.get(key)
        if answer is None or not _is_judgement(answer):
            try:
                judged = self._asked(asked)
            except NoAnswer as none:
                return _unanswered(question, JUDGE, where.model, key, none)
            answer = {"verdict": judged.verdict.value, "reason": judged.reason}
            self._kept.keep(key, answer)
        return _answered(question, JUDGE, where.model, key, answer)

    def _asked(self, asked: Sequence[Mapping[str, str]]) -> judging.Judged:
        while True:
            form, temperature = self._form, self._temperature
            body = judging.chat_body(self._api.endpoint.model, asked, form, temperature=temperature)
            answer = self._api.post(judging.PATH, body)
            if not self._asks_otherwise(answer, form, temperature=temperature):
                return judging.judgement(answer)

    def _asks_otherwise(self, answer: ApiAnswer, form: Form, *, temperature: bool) -> bool:
        """Whether a server that did not take a request may take the next one, which asks for less."""
        if answer.status not in (400, 422):
            return False
        if temperature and b"temperature" in answer.body:
            self._temperature = False
        elif form is Form.PLAIN:
            return False
        else:
            self._form = Form.OBJECT if form is Form.SCHEMA else Form.PLAIN
        return True


class EmbeddedIntents:
    """Asks one endpoint for embeddings of replies and of the phrases of intents."""

    def __init__(self, api: Api, kept: KeptAnswers, intents: Intents) -> None:
        assert isinstance(intents.engine, EmbeddingEngine), "the intents are those of an endpoint"
        self._api = api
        self._kept = kept
        self._engine = intents.engine
        self._phrases: dict[str, tuple[float, ...]] = {}
        self._filling = threading.Lock()

    def derived(self, question: Question) -> Derived:
        """How like each intent a reply is, or why that is not known."""
        model = self._api.endpoint.model
        key = self._key(question.text)
        try:
            phrases = self._known_phrases()
            vector = self._vectors([question.text])[question.text]
        except NoAnswer as none:
            return _unanswered(question, self._engine.name, model, key, none)
        if any(len(known) != len(vector) for known in phrases.values()):
            reason = "the endpoint's embeddings have another length than those kept: delete .turnspec/cache"
            return _unanswered(question, self._engine.name, model, key, NoAnswer(reason))
        likened = self._engine.likened(vector, phrases)
        scores = {name: {"score": each.score, "why": each.why} for name, each in likened.items()}
        return _answered(question, self._engine.name, model, key, {"scores": scores})

    def _known_phrases(self) -> dict[str, tuple[float, ...]]:
        with self._filling:
            if not self._phrases:
                self._phrases = self._vectors(self._engine.phrases)
            return self._phrases

    def _vectors(self, texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
        kept = {text: self._kept_vector(text) for text in texts}
        lacking = [text for text, vector in kept.items() if not vector]
        for start in range(0, len(lacking), embedding.MOST_TEXTS):
            some = lacking[start : start + embedding.MOST_TEXTS]
            body = embedding.embeddings_body(self._api.endpoint.model, some)
            answer = self._api.post(embedding.PATH, body)
            for text, vector in zip(some, embedding.embeddings(answer, len(some)), strict=True):
                kept[text] = tuple(round(each, 7) for each in vector)  # as they will be read again
                self._kept.keep(self._key(text), {"vector": kept[text]})
        return kept

    def _kept_vector(self, text: str) -> tuple[float, ...]:
        vector = (self._kept.get(self._key(text)) or {}).get("vector")
        return embedding.vector_of(vector) or ()

    def _key(self, text: str) -> str:
        where = self._api.endpoint
        return key_of("embedding", where.url, where.model, text)


@dataclass(frozen=True, slots=True)
class Knowing:
    """Who is asked about the calls of a run; `gates`: judgements can fail, where a question does not say."""

    judge: ChatJudge | None = None
    intents: EmbeddedIntents | None = None
    gates: bool = False

    def derive(self, questions: Sequence[Question], stop: Stop | None = None) -> tuple[Derived, ...]:
        """The answers, in the order of the questions; what `stop` cut off has none."""
        found = in_threads([self._asking(question) for question in questions], stop or Stop())
        return tuple(
            each or _unanswered(question, question.kind, "", "", NoAnswer("the run was interrupted"))
            for question, each in zip(questions, found, strict=True)
        )

    def _asking(self, question: Question) -> Callable[[], Derived]:
        who = self.judge if question.kind == JUDGE else self.intents
        if who is None:
            none = NoAnswer("no endpoint is configured")
            return lambda: _unanswered(question, question.kind, "", "", none)
        return lambda: who.derived(question)


@cache
def waiters() -> ThreadPoolExecutor:
    """Threads that wait for what others are asked."""
    return ThreadPoolExecutor(MOST_WAITING, thread_name_prefix="turnspec-derive")


def in_threads(jobs: Sequence[Callable[[], T]], stop: Stop) -> list[T | None]:
    """What the jobs come to, done a few at a time in threads that nobody need wait for when `stop` comes."""
    done: SimpleQueue[tuple[int, T | BaseException] | None] = SimpleQueue()
    stop.waiting_on(done)

    waiting = iter(enumerate(jobs))  # what is taken of it is taken once, whoever asks

    def work() -> None:
        while True:
            with _places:
                taken = None if stop.came else next(waiting, None)
                if taken is None:
                    return
                number, job = taken
                try:
                    done.put((number, job()))
                except BaseException as error:  # noqa: BLE001 # raised below, in the thread that waits
                    done.put((number, error))

    for number in range(min(AT_ONCE, len(jobs))):
        threading.Thread(target=work, name=f"turnspec-derive-{number}", daemon=True).start()
    results: list[T | None] = [None] * len(jobs)
    for _ in jobs:
        item = done.get()
        if item is None:
            break
        number, result = item
        if isinstance(result, BaseException):
            raise result
        results[number] = result
    return results


def _is_judgement(answer: Mapping[str, Any]) -> bool:
    return answer.get("verdict") in list(judging.JudgeVerdict) and isinstance(answer.get("reason"), str)


def _answered(question: Question, engine: str, model: str, key: str, answer: Mapping[str, Any]) -> Derived:
    return Derived(
        kind=question.kind,
        turn=question.turn,
        text=question.text,
        engine=engine,
        model=model,
        key=key,
        state=DerivedState.OK,
        given=question.given,
        answer=answer,
    )


def _unanswered(question: Question, engine: str, model: str, key: str, none: NoAnswer) -> Derived:
    return Derived(
        kind=question.kind,
        turn=question.turn,
        text=question.text,
        engine=engine,
        model=model,
        key=key,
        state=DerivedState.REFUSED if none.refused else DerivedState.FAILED,
        given=question.given,
        reason=none.reason,
    )
