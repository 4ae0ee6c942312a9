"""Whatever a telephone does to a local agent, in any order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from support_rover import SCRIPT, call
from support_twilio import SILENCE, agent_script, caller_clip, local_agent, tone
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.call import Identity
from turnspec.call.events import Event, HarnessFailed, ResponseEnded, ResponseStarted, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.twilio import TwilioBot
from turnspec.speech import Intents

BRIEF = agent_script(
    "agent: Brief\ngreeting: {say: Hello.}\notherwise: {say: Pardon?, audio: agent/saved.flac}\n"
)


class TestWrongOrder:
    """Frames at the wrong moment are told, and nothing comes of them."""

    @pytest.mark.parametrize(
        ("order", "told"),
        [
            ("dtmf", ["dtmf came before `start`"]),
            ("media media", ["media came before `start`"] * 2),
            ("connected start start", ["`start` came again"]),
            ("connected start stop start dtmf", ["`start` came again"]),
        ],
    )
    def test_told(self, order: str, told: list[str]) -> None:
        """No order of frames is an error of the bot's own; it greets once."""
        end, reported = CallerEnd(Identity("phone"), {}, 102), list[Event]()
        opened = dict(zip(("connected", "start"), end.opening(), strict=True))
        frames = opened | {"dtmf": end.dtmf("5"), "media": end.media(SILENCE), "stop": end.stop()}
        bot = TwilioBot(local_agent(SCRIPT), reported.append)
        for number, name in enumerate(order.split()):
            bot.receive(frames[name], number * 20_000)
        bot.wake(10_000_000)

        failed = [event.reason for event in reported if isinstance(event, HarnessFailed)]
        assert failed == [f"the caller's frame is wrong: {reason}" for reason in told]
        assert sum(isinstance(event, ResponseStarted) for event in reported) == order.count("connected")

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop", "junk"]), max_size=12
        )
    )
    def test_any(self, order: list[str]) -> None:
        """Whatever comes when, no exception escapes, and nothing is sent before `start`."""
        end = CallerEnd(Identity("phone"), {}, 102)
        opened = dict(zip(("connected", "start"), end.opening(), strict=True))
        frames = opened | {
            "dtmf": end.dtmf("5"),
            "media": end.media(tone(20_000)),
            "mark": end.mark("reply-1"),
        }
        frames |= {"stop": end.stop(), "junk": "{"}
        bot = TwilioBot(LocalAgent(BRIEF, intents=Intents({})), list[Event]().append)
        for number, name in enumerate(order):
            sent = bot.receive(frames[name], number * 400_000) + bot.wake(number * 400_000 + 399_999)
            assert not sent or "start" in order[: number + 1]


class TestAnyCall:
    """Whatever the caller does."""

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(["ten-of-clubs", "seven-of-clubs", "five-five"]),
                st.sampled_from("12#7"),
                st.integers(20_000, 3_000_000),
            ),
            max_size=8,
        )
    )
    def test_responses_pair_up(self, acts: list[str | int]) -> None:
        """Every response that began ends exactly once, and no time goes backwards."""
        phone = call()
        for act in acts:
            if phone.closed:
                break
            match act:
                case int():
                    phone.pass_time(act)
                case str() if len(act) == 1:
                    phone.press(act)
                case _:
                    phone.say(caller_clip(act))
        if not phone.closed:
            phone.pass_time(20_000_000)
        begun = [one.response_id for one in phone.of(ResponseStarted)]
        assert sorted(begun) == sorted(one.response_id for one in phone.of(ResponseEnded))
        assert len(set(begun)) == len(begun)
        stamps = [event.at_us for event in phone.events]
        assert stamps == sorted(stamps)
        assert {event.side for event in phone.events} <= {Side.AGENT}
