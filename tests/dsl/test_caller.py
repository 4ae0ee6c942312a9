"""What a caller can do."""

from __future__ import annotations

from turnspec.dsl.action import Action
from turnspec.dsl.caller import ACTIONS


def test_one_action_inside_another_gets_advice_whatever_it_is() -> None:
    """Each word that begins an action has a sentence for where it stands in another one."""
    assert set(ACTIONS) == set(Action.ELSEWHERE)
