"""What holds for one response: the session's settings with the overrides of its `response.create`."""

from __future__ import annotations

from turnspec.adapters.realtime.server.response import Settings
from turnspec.adapters.realtime.wire.client_events import ResponseParams
from turnspec.adapters.realtime.wire.effective import FORMATS, Session, require_reasoning
from turnspec.adapters.realtime.wire.tools import function_names


def settings_of(session: Session, params: ResponseParams) -> Settings:
    """The settings of the response that `params` asks for.

    Raises:
        ClientError: The model does not take one of them.
    """
    require_reasoning(session.document["model"], params.model_dump(exclude_none=True), "response")
    output = dict(session.document["audio"]["output"])
    said = params.audio.output if params.audio else None
    if said is not None:
        output.update({key: value for key, value in said.model_dump().items() if value is not None})
    audio_format = {key: value for key, value in output["format"].items() if value is not None}
    if audio_format["type"] == "audio/pcm":
        audio_format["rate"] = 24000
    instructions = params.instructions
    return Settings(
        modality=params.output_modalities[0] if params.output_modalities else session.modality,
        format=FORMATS[audio_format["type"]],
        format_document=audio_format,
        voice=output["voice"],
        speed=output.get("speed") or 1.0,
        max_output_tokens=params.max_output_tokens or session.document["max_output_tokens"],
        instructions=session.document["instructions"] if instructions is None else instructions,
        metadata=params.metadata,
    )


def functions_of(session: Session, params: ResponseParams) -> frozenset[str]:
    """Names of the functions on offer for that response."""
    tools, choice = session.document["tools"], session.document["tool_choice"]
    if params.tools is not None:
        tools = [tool.model_dump() for tool in params.tools]
    return function_names(tools, choice if params.tool_choice is None else params.tool_choice)
