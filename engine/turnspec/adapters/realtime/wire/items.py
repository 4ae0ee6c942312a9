"""Conversation items: what `conversation.item.create` may say, and how items are echoed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from turnspec.adapters.realtime.wire.shape import Shape

Status: TypeAlias = Literal["in_progress", "completed", "incomplete"] | None


class InputText(Shape):
    """Text of the user or the system."""

    type: Literal["input_text"]
    text: str


class InputAudio(Shape):
    """Audio of the user in the session's input format."""

    type: Literal["input_audio"]
    audio: str | None = None
    transcript: str | None = None


class InputImage(Shape):
    """A picture as a data URI."""

    type: Literal["input_image"]
    image_url: str
    detail: Literal["auto", "low", "high"] | None = None


class OutputText(Shape):
    """Text of the assistant."""

    type: Literal["output_text"]
    text: str


class OutputAudio(Shape):
    """Speech of the assistant."""

    type: Literal["output_audio"]
    transcript: str | None = None
    audio: str | None = None


class ItemShape(Shape):
    """What all items but those of MCP servers may say of themselves."""

    id: str | None = None
    object: Literal["realtime.item"] | None = None
    status: Status = None


class UserMessage(ItemShape):
    """What the user says."""

    type: Literal["message"]
    role: Literal["user"]
    content: list[Annotated[InputText | InputAudio | InputImage, Field(discriminator="type")]]


class SystemMessage(ItemShape):
    """What the application adds."""

    type: Literal["message"]
    role: Literal["system"]
    content: list[InputText]


class AssistantMessage(ItemShape):
    """What the model said."""

    type: Literal["message"]
    role: Literal["assistant"]
    content: list[Annotated[OutputText | OutputAudio, Field(discriminator="type")]]


class FunctionCall(ItemShape):
    """A call that the model made."""

    type: Literal["function_call"]
    name: str
    arguments: str
    call_id: str | None = None


class FunctionCallOutput(ItemShape):
    """What a function gave back."""

    type: Literal["function_call_output"]
    call_id: str
    output: str


class _McpItem(Shape):
    id: str


class McpApprovalRequest(_McpItem):
    """A call of an MCP tool that waits for approval."""

    type: Literal["mcp_approval_request"]
    arguments: str
    name: str
    server_label: str


class McpApprovalResponse(_McpItem):
    """The answer to it."""

    type: Literal["mcp_approval_response"]
    approval_request_id: str
    approve: bool
    reason: str | None = None


class McpListedTool(Shape):
    """A tool that an MCP server has."""

    name: str
    input_schema: dict[str, Any]
    annotations: dict[str, Any] | None = None
    description: str | None = None


class McpListTools(Shape):
    """The tools that an MCP server has."""

    type: Literal["mcp_list_tools"]
    server_label: str
    tools: list[McpListedTool]
    id: str | None = None


class McpProtocolError(Shape):
    """The server answered with a JSON-RPC error."""

    type: Literal["protocol_error"]
    code: int
    message: str


class McpExecutionError(Shape):
    """The tool failed."""

    type: Literal["tool_execution_error"]
    message: str


class McpHttpError(Shape):
    """The server could not be talked to."""

    type: Literal["http_error"]
    code: int
    message: str


McpError: TypeAlias = Annotated[
    McpProtocolError | McpExecutionError | McpHttpError, Field(discriminator="type")
]


class McpCall(_McpItem):
    """A call of an MCP tool, and what came of it."""

    type: Literal["mcp_call"]
    arguments: str
    name: str
    server_label: str
    approval_request_id: str | None = None
    error: McpError | None = None
    output: str | None = None


Message: TypeAlias = Annotated[UserMessage | SystemMessage | AssistantMessage, Field(discriminator="role")]
McpItem: TypeAlias = McpApprovalRequest | McpApprovalResponse | McpListTools | McpCall
Item: TypeAlias = Annotated[
    Message | FunctionCall | FunctionCallOutput | McpItem, Field(discriminator="type")
]


class ItemReference(Shape):
    """An item that the conversation has already."""

    type: Literal["item_reference"]
    id: str


InputItem: TypeAlias = Annotated[
    Message | FunctionCall | FunctionCallOutput | McpItem | ItemReference, Field(discriminator="type")
]


def echoed(item: Item, item_id: str) -> dict[str, Any]:
    """The item as the server sends it: with its id, completed, without audio bytes."""
    document: dict[str, Any] = {"id": item_id, "type": item.type, "status": "completed"}
    match item:
        case McpApprovalRequest() | McpApprovalResponse() | McpListTools() | McpCall():
            return {**item.model_dump(), "id": item_id}  # these have no status
        case FunctionCall(name=name, arguments=arguments, call_id=call_id):
            return {**document, "call_id": call_id, "name": name, "arguments": arguments}
        case FunctionCallOutput(call_id=call_id, output=output):
            return {**document, "call_id": call_id, "output": output}
        case _:
            return {**document, "role": item.role, "content": [_part(part) for part in item.content]}


def _part(part: Any) -> dict[str, Any]:
    match part:
        case InputAudio(transcript=transcript) | OutputAudio(transcript=transcript):
            return {"type": part.type, "transcript": transcript}
        case InputImage(image_url=image_url, detail=detail):
            return {"type": "input_image", "image_url": image_url, "detail": detail or "auto"}
        case _:
            return {"type": part.type, "text": part.text}


def committed_audio(item_id: str) -> dict[str, Any]:
    """The user's message that committed audio becomes."""
    content = [{"type": "input_audio", "transcript": None}]
    return {"id": item_id, "type": "message", "status": "completed", "role": "user", "content": content}


def assistant_message(item_id: str, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    """A message of the model."""
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def function_call(item_id: str, status: str, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """A function call of the model."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }
