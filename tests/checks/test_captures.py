"""Variables that a turn binds."""

from __future__ import annotations

from support_checks import Replied, called, plan_of, returned, turns
from turnspec.call import Evidence
from turnspec.checks import captures

ASKS = "caller: I lost my card\nexpect: "


def caught(expect: str, replied: Replied) -> dict[str, str]:
    """What the first turn binds."""
    return captures(plan_of(turns(ASKS + expect)), 0, replied.view())


def test_named_groups_become_variables() -> None:
    """Each group that took part, as it was said."""
    found = caught(
        "{says: [{matches: 'ref\\w+ (?P<reference>r-\\d+)'}, {matches: '(?P<state>blocked|open)'}]}",
        Replied(),
    )

    assert found == {"reference": "R-1042", "state": "blocked"}


def test_a_pattern_that_is_not_found_binds_nothing() -> None:
    """No empty values: the turns that need them are skipped instead."""
    assert caught("{says: {matches: '(?P<a>zebra)|(?P<b>card)'}}", Replied()) == {"b": "card"}
    assert caught("{says: {matches: 'zebra (?P<reference>.*)'}}", Replied()) == {}


def test_arguments_and_outputs_bind_too() -> None:
    """A pattern may stand wherever a value is matched."""
    replied = Replied(
        calls=(called("block_card", '{"last4": "4821"}', 1_200), returned('{"reference": "R-9"}', 1_250))
    )
    found = caught(
        "{calls: [block_card: {last4: {matches: '(?P<last4>\\d+)'}}],"
        " returned: {block_card: {reference: {matches: '(?P<id>R-\\d)'}}}}",
        replied,
    )

    assert found == {"last4": "4821", "id": "R-9"}


def test_evidence_that_still_grows_will_do() -> None:
    """Captures are taken while the call is up, before there is any recording."""
    evidence = Evidence(None, {})
    for event in Replied().view().events[:6]:
        evidence.append(event)

    assert captures(plan_of(turns(ASKS + "{says: {matches: '(?P<reference>R-\\d+)'}}")), 0, evidence) == {
        "reference": "R-1042"
    }
    assert captures(plan_of(turns("caller: hello")), 0, evidence) == {}
