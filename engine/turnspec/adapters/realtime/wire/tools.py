"""Tools: functions that the client runs, and MCP servers, which this server names but never calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from turnspec.adapters.realtime.wire.shape import Shape


class FunctionTool(Shape):
    """A function that the model may call."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class McpFilter(Shape):
    """Some tools of an MCP server."""

    read_only: bool | None = None
    tool_names: list[str] | None = None


class McpApproval(Shape):
    """Which tools of an MCP server must be approved."""

    always: McpFilter | None = None
    never: McpFilter | None = None


class McpTool(Shape):
    """An MCP server whose tools the model may call."""

    type: Literal["mcp"]
    server_label: str
    allowed_callers: list[Literal["direct", "programmatic"]] | None = None
    allowed_tools: list[str] | McpFilter | None = None
    authorization: str | None = None
    connector_id: str | None = None
    defer_loading: bool | None = None
    headers: dict[str, str] | None = None
    require_approval: Literal["always", "never"] | McpApproval | None = None
    server_description: str | None = None
    server_url: str | None = None
    tunnel_id: str | None = None


Tool: TypeAlias = Annotated[FunctionTool | McpTool, Field(discriminator="type")]


class ChosenFunction(Shape):
    """A function that the model must call."""

    type: Literal["function"]
    name: str


class ChosenMcp(Shape):
    """A tool of an MCP server that the model must call."""

    type: Literal["mcp"]
    server_label: str
    name: str | None = None


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | ChosenFunction | ChosenMcp


def function_names(tools: list[dict[str, Any]] | None, choice: Any) -> frozenset[str]:
    """Names of the functions that a model may call."""
    names = frozenset(tool["name"] for tool in tools or () if tool["type"] == "function")
    match choice:
        case "none" | ChosenMcp() | {"type": "mcp"}:
            return frozenset()
        case ChosenFunction(name=name) | {"type": "function", "name": name}:
            return names & {name}
        case _:
            return names


def mcp_labels(tools: list[dict[str, Any]] | None) -> list[str]:
    """Labels of the MCP servers among the tools, in order."""
    return [tool["server_label"] for tool in tools or () if tool["type"] == "mcp"]
