"""The voice of a local agent: a synthesiser that is asked beside the loop on which the call is held."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

from turnspec.call import Track
from turnspec.doubles.agent.voicing import Making
from turnspec.dsl.models import AgentScript
from turnspec.dsl.models import Reply as Written
from turnspec.dsl.templates import is_template
from turnspec.run.voices.speaking import EngineSpeech, makers
from turnspec.speech.synthesis import DEFAULT_VOICE, Synthesizer
from turnspec.speech.voices import NoSuchVoice


class SpokenAgent:
    """Implements `AgentVoice`. `waits`: time stands still until a line is made, as in virtual time."""

    def __init__(self, synthesizer: Synthesizer, voice: str, *, waits: bool) -> None:
        self._synthesizer, self._voice, self._waits = synthesizer, voice, waits

    def say(self, text: str) -> Making:
        """The speech of a text, made as soon as it is asked for."""
        begun: list[Future[Track]] = []

        def made() -> Track | None:
            if not begun:
                begun.append(makers().submit(self._synthesizer.synthesize, text, self._voice))
            return begun[0].result() if self._waits or begun[0].done() else None

        return made


def voice_of(script: AgentScript, synthesizer: Synthesizer, otherwise: str = DEFAULT_VOICE) -> str:
    """The voice of a script's session; `otherwise` where it is a Realtime model's, which no engine has."""
    wanted = script.session.voice
    if wanted is None or not isinstance(synthesizer, EngineSpeech):
        return wanted or otherwise
    try:
        synthesizer.voice(wanted)
    except NoSuchVoice:
        return otherwise
    return wanted


def texts_of_agent(script: AgentScript) -> Iterator[str]:
    """What a script says that no recording has, as far as it is known before any call."""
    replies: list[Written | None] = [script.greeting, *script.responses.values(), script.otherwise]
    while replies:
        reply = replies.pop(0)
        if reply is not None:
            yield from _known(reply.say, reply.audio)
            replies.append(reply.then)
    if script.idle is not None:
        yield from _known(script.idle.say, script.idle.audio)


def _known(say: str | None, audio: str | None) -> Iterator[str]:
    if say is not None and audio is None and say.strip() and not is_template(say):
        yield say
