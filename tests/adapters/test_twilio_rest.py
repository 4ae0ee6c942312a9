"""The REST API of calls: who may ask, what happens, and any request at all."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # it ships no types
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # as above
from twilio.rest import Client  # type: ignore[import-untyped]  # as above

from support_examples_drawn import EXAMPLES
from turnspec.adapters.http import HttpRequest
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.adapters.twilio.rest import Completed, Redirected, RestDesk, Update
from turnspec.adapters.twilio.webhook import Party

ACCOUNT = "AC" + "0" * 32
CALL, OTHER = "CA" + "1" * 32, "CA" + "2" * 32
BASIC = b64encode(f"{ACCOUNT}:secret".encode()).decode()
FORM = "application/x-www-form-urlencoded"


@dataclass
class Desk:
    """A desk with two calls, and what they were told."""

    desk: RestDesk = field(default_factory=lambda: RestDesk(ACCOUNT, "secret"))
    told: list[tuple[str, Update]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for call in (CALL, OTHER):
            party = Party(ACCOUNT, call, "+15550001", "+15550002")
            self.desk.register(party, lambda update, call=call: self.told.append((call, update)))  # type: ignore[misc]

    def ask(
        self, body: str, *, method: str = "POST", call: str = CALL, account: str = ACCOUNT, auth: str = BASIC
    ) -> tuple[int, dict[str, Any]]:
        """The status and the document of an answer."""
        target = f"/2010-04-01/Accounts/{account}/Calls/{call}.json"
        headers = (("Authorization", f"Basic {auth}"), ("Content-Type", FORM))
        response = self.desk.answer(HttpRequest(method, target, headers, body.encode()))
        assert response.header("Content-Type") == "application/json"
        return response.status, json.loads(response.body)


class TestUpdates:
    """What a bot does to a call in progress."""

    def test_ended(self) -> None:
        """Status=completed reaches the call it names, and no other; the answer is the call."""
        desk = Desk()

        status, document = desk.ask("Status=completed")

        assert (status, document["sid"], document["status"]) == (200, CALL, "completed")
        assert document["account_sid"] == ACCOUNT
        assert desk.told == [(CALL, Completed())]

    def test_ended_twice(self) -> None:
        """A call that is over is not found, as one that never was; the other one goes on."""
        desk = Desk()
        desk.ask("Status=completed")

        for call in (CALL, "CA" + "f" * 32):
            status, document = desk.ask("Status=completed", call=call)
            assert (status, document["code"], document["status"]) == (404, 20404, 404)
        assert desk.ask("", method="GET", call=OTHER)[1]["status"] == "in-progress"
        assert len(desk.told) == 1

    def test_hung_up_by_the_caller(self) -> None:
        """A call that ended by itself cannot be ended any more; saying so twice is harmless."""
        desk = Desk()
        desk.desk.over(CALL)
        desk.desk.over(CALL)

        assert desk.ask("Status=completed")[0] == 404

    def test_redirected(self) -> None:
        """Twiml= and Url= reach the call, which goes on."""
        desk = Desk()

        assert desk.ask("Twiml=%3CResponse%2F%3E")[1]["status"] == "in-progress"
        assert desk.ask("Url=https%3A%2F%2Fh%2Fnext&Method=GET")[0] == 200
        assert desk.told == [
            (CALL, Redirected(twiml="<Response/>")),
            (CALL, Redirected(url="https://h/next", method="GET")),
        ]

    @pytest.mark.parametrize("body", ["", "Status=ringing", "Status=%FF", "&".join(["a=1"] * 101)])
    def test_nothing_to_do(self, body: str) -> None:
        """A form that changes nothing is refused, and says what could be changed."""
        desk = Desk()

        assert desk.ask(body)[0] == 400
        assert desk.told == []


class TestAdmission:
    """Only the account itself may ask, and only about its calls."""

    @pytest.mark.parametrize(
        "auth",
        [
            "",
            "%%%",
            b64encode(b"\xff").decode(),
            b64encode(f"{ACCOUNT}:wrong".encode()).decode(),
            b64encode(b"somebody:secret").decode(),
        ],
    )
    def test_refused(self, auth: str) -> None:
        """Wrong credentials are 401, and nothing happens."""
        desk = Desk()

        status, document = desk.ask("Status=completed", auth=auth)

        assert (status, document["code"]) == (401, 20003)
        assert desk.told == []

    def test_an_api_key(self) -> None:
        """An API key of the account is as good, with the account's token for its secret."""
        key = b64encode(f"SK{'a' * 32}:secret".encode()).decode()
        assert Desk().ask("", method="GET", auth=key)[0] == 200

    def test_another_account(self) -> None:
        """A call is not found under another account."""
        assert Desk().ask("Status=completed", account="AC" + "9" * 32)[0] == 404

    def test_another_method(self) -> None:
        """A call is read or updated, not deleted."""
        assert Desk().ask("", method="DELETE")[0] == 405


class Elsewhere(TwilioHttpClient):  # type: ignore[misc]  # the library ships no types
    """The HTTP client of Twilio's own library, with another API in place of `https://api.twilio.com`."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self.api_url = api_url

    def request(self, method: str, url: str, **more: Any) -> Any:
        """Ask the other API."""
        return super().request(method, self.api_url + urlsplit(url).path, **more)


class TestOfficialClient:
    """Twilio's own library, over a socket, as bots use it."""

    def test_a_call_is_read_redirected_and_ended(self) -> None:
        """It understands every answer, and gets its own exception for a call that is over."""
        told: list[Update] = []

        def talk(api_url: str) -> tuple[str, str, int, int]:
            client = Client(ACCOUNT, "secret", http_client=Elsewhere(api_url))
            status = client.calls(CALL).fetch().status
            client.calls(CALL).update(twiml="<Response><Hangup/></Response>")
            ended = client.calls(CALL).update(status="completed").status
            with pytest.raises(TwilioRestException) as over:
                client.calls(CALL).update(status="completed")
            return status, ended, over.value.status, over.value.code

        async def scene() -> tuple[str, str, int, int]:
            platform = TwilioPlatform(ACCOUNT, "secret")
            await platform.open()
            platform.desk.register(Party(ACCOUNT, CALL, "+15550001", "+15550002"), told.append)
            try:
                return await asyncio.to_thread(talk, platform.api_url)
            finally:
                await platform.aclose()

        assert asyncio.run(scene()) == ("in-progress", "completed", 404, 20404)
        assert told == [Redirected(twiml="<Response><Hangup/></Response>"), Completed()]


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "X"]),
    st.one_of(
        st.text(st.characters(codec="latin-1"), max_size=60),
        st.sampled_from([f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}.json", "//[", "http://[/x"]),
    ),
    st.one_of(st.text(st.characters(codec="latin-1"), max_size=40), st.just(f"Basic {BASIC}")),
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"Status=completed", b"Twiml=a", b"Url=b", b"Status=completed&Twiml=a"]),
    ),
)
def test_any_request_is_answered(method: str, target: str, auth: str, body: bytes) -> None:
    """Whatever is asked: an answer in JSON, and an effect only when it is 200 to a POST."""
    desk = Desk()

    response = desk.desk.answer(HttpRequest(method, target, (("authorization", auth),), body))

    assert response.status in (200, 400, 401, 404, 405)
    assert isinstance(json.loads(response.body), dict)
    assert bool(desk.told) == (response.status == 200 and method == "POST")
