"""A bot of Pipecat's own parts: its Twilio serializer and FastAPI transport, its OpenAI Realtime service.

REALTIME_URL=ws://host:port/v1/realtime uvicorn pipecat_bot:app --port 8000
"""

from __future__ import annotations

import json
import os
from typing import Any

from fastapi import FastAPI, WebSocket
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

VALUES = {"seven": 7, "ten": 10, "queen": 10}
TOOLS = ToolsSchema(
    standard_tools=[
        FunctionSchema(
            name="add_card",
            description="Put a card into the hand and count it.",
            properties={"rank": {"type": "string"}, "suit": {"type": "string"}},
            required=["rank", "suit"],
        )
    ]
)


def model() -> Any:
    """The Realtime service, listening by server VAD."""
    detection = events.TurnDetection(silence_duration_ms=300)
    audio = events.AudioConfiguration(input=events.AudioInput(turn_detection=detection))
    settings = OpenAIRealtimeLLMService.Settings(
        system_instruction="You deal at a card table.",
        session_properties=events.SessionProperties(audio=audio),
    )
    llm = OpenAIRealtimeLLMService(api_key="test", base_url=os.environ["REALTIME_URL"], settings=settings)
    hand: list[int] = []

    async def add_card(params: Any) -> None:
        hand.append(VALUES[params.arguments["rank"]])
        await params.result_callback({"total": sum(hand), "cards": len(hand)})

    llm.register_function("add_card", add_card)
    return llm


def telephone(websocket: WebSocket, start: dict[str, Any]) -> Any:
    """Pipecat's own Twilio transport; it hangs up by closing, since there is no Twilio account here."""
    serializer = TwilioFrameSerializer(
        stream_sid=start["streamSid"],
        call_sid=start["callSid"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    params = FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
    )
    return FastAPIWebsocketTransport(websocket, params=params)


async def hold(websocket: WebSocket, start: dict[str, Any]) -> None:
    """One call, from Twilio's `start` to its end."""
    phone, both = telephone(websocket, start), LLMContextAggregatorPair(context())
    pipeline = Pipeline([phone.input(), both.user(), model(), phone.output(), both.assistant()])
    rates = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
    task = PipelineTask(pipeline, params=rates)

    async def connected(*_: Any) -> None:
        await task.queue_frames([LLMRunFrame()])

    async def gone(*_: Any) -> None:
        await task.cancel()

    phone.add_event_handler("on_client_connected", connected)
    phone.add_event_handler("on_client_disconnected", gone)
    await PipelineRunner(handle_sigint=False).run(task)


def context() -> Any:
    """What the model is told first: a written turn."""
    return LLMContext([{"role": "user", "content": "Greet the caller."}], TOOLS)


app = FastAPI()


@app.get("/health")
async def health() -> str:
    """Say that calls can come."""
    return "ready"


@app.websocket("/ws")
async def answered(websocket: WebSocket) -> None:
    """Take one call of Twilio."""
    await websocket.accept()
    messages = websocket.iter_text()
    await anext(messages)  # `connected`
    await hold(websocket, json.loads(await anext(messages))["start"])
