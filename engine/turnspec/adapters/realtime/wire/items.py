"""Conversation items: what `conversation.item.create` may say, and how items are echoed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from turnspec.adapters.realtime.wire.session import Shape

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


class _Item(Shape):
    id: str | None = None
    object: Literal["realtime.item"] | None = None
    status: Status = None


class UserMessage(_Item):
    """What the user says."""

    type: Literal["message"]
    role: Literal["user"]
    content: list[Annotated[InputText | InputAudio | InputImage, Field(discriminator="type")]]


class SystemMessage(_Item):
    """What the application adds."""

    type: Literal["message"]
    role: Literal["system"]
    content: list[InputText]


class AssistantMessage(_Item):
    """What the model said."""

    type: Literal["message"]
    role: Literal["assistant"]
    content: list[Annotated[OutputText | OutputAudio, Field(discriminator="type")]]


class FunctionCall(_Item):
    """A call that the model made."""

    type: Literal["function_call"]
    name: str
    arguments: str
    call_id: str | None = None


class FunctionCallOutput(_Item):
    """What a function gave back."""

    type: Literal["function_call_output"]
    call_id: str
    output: str


Message: TypeAlias = Annotated[UserMessage | SystemMessage | AssistantMessage, Field(discriminator="role")]
Item: TypeAlias = Annotated[Message | FunctionCall | FunctionCallOutput, Field(discriminator="type")]


class ItemReference(Shape):
    """An item that the conversation has already."""

    type: Literal["item_reference"]
    id: str


InputItem: TypeAlias = Annotated[
    Message | FunctionCall | FunctionCallOutput | ItemReference, Field(discriminator="type")
]


def echoed(item: Item, item_id: str) -> dict[str, Any]:
    """The item as the server sends it: with its id, completed, without audio bytes."""
    document: dict[str, Any] = {"id": item_id, "type": item.type, "status": "completed"}
    match item:
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
