"""What a target needs of its protocols beside a caller, such as Twilio's REST API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from turnspec.adapters.base import Adapter, HasPlatform, Platform
from turnspec.adapters.registry import adapter
from turnspec.dsl.models import TargetSpec


async def open_platforms(
    target: TargetSpec, rendered: Callable[[str], str], stack: AsyncExitStack
) -> Mapping[str, Platform]:
    """The platforms of a target's protocols, by protocol, open until `stack` is closed."""
    opened: dict[str, Platform] = {}
    for protocol in target.protocol:
        found = adapter(protocol)
        if isinstance(found, HasPlatform):
            options = found.options_model.model_validate(target.options)
            opened[protocol] = platform = await found.open_platform(options, _auth(target, rendered))
            stack.push_async_callback(platform.aclose)
    return opened


def gives_keys(target: TargetSpec, found: Adapter) -> bool:
    """Whether calls to a target that names no keys show it some: those that it was told when it started."""
    return isinstance(found, HasPlatform) and not (target.start is None and target.asgi is None)


def variables_of(platforms: Mapping[str, Platform]) -> dict[str, dict[str, str]]:
    """What templates of the target know of them, by protocol."""
    return {protocol: dict(platform.variables) for protocol, platform in platforms.items()}


def _auth(target: TargetSpec, rendered: Callable[[str], str]) -> dict[str, str]:
    if target.auth is None:
        return {}
    given = {"bearer": target.auth.bearer, "auth_token": target.auth.auth_token}
    return {name: rendered(value) for name, value in given.items() if value is not None}
