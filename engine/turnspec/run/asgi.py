"""A target that is an ASGI application: a fresh one for each call, served by uvicorn on the running loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from turnspec.call.events import Side
from turnspec.dsl.models import TargetSpec
from turnspec.dsl.templates import render
from turnspec.run.application import at_home, load_application
from turnspec.run.errors import AppEnded, AppNotLoaded
from turnspec.run.output import KeptOutput
from turnspec.run.platforms import open_platforms, variables_of
from turnspec.run.printing import context_of, prints_told_apart
from turnspec.run.process import free_port
from turnspec.run.stand import LOOPBACK, FarEnd, Session, serve_double
from turnspec.run.virtual import VirtualLoop

if TYPE_CHECKING:
    import uvicorn

VIRTUAL_PORT = 8_000  # a loop in virtual time has all ports to itself
GRACE_S = 1  # for the application's own end of a call
SHUTDOWN_S = 5.0  # for its `lifespan.shutdown`, too
_WEBSOCKETS = "websockets-sansio"  # the one of uvicorn's that warns of nothing; older ones lack it


class Application:
    """One application under test; `alone` keeps two calls from having one at home at the same time."""

    def __init__(
        self,
        target: TargetSpec,
        project: Path,
        environment: Mapping[str, str],
        mask: Callable[[str], str] | None,
        alone: asyncio.Lock,
    ) -> None:
        assert target.asgi is not None, "somebody else starts processes"
        self._where = target.asgi
        self._target = target
        self._project = project
        self._variables: dict[str, Any] = {"env": environment}
        self._mask = mask or str
        self._alone = alone
        self._kept = KeptOutput(self._mask)

    @property
    def output(self) -> tuple[str, ...]:
        """The last lines that it printed or logged in the last call."""
        return self._kept.lines()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Application]:
        """Itself, for one call at a time."""
        async with self._alone:
            yield self

    @asynccontextmanager
    async def call(self, session: Session | None) -> AsyncIterator[FarEnd]:
        """A fresh instance, up and ready, for one call; `session` is what its model is in this call.

        Raises:
            HarnessError: It could not be imported or started.
        """
        async with AsyncExitStack() as stack:
            self._kept = KeptOutput(self._mask)
            virtual = isinstance(asyncio.get_running_loop(), VirtualLoop)
            port = VIRTUAL_PORT if virtual else free_port()
            variables = {**self._variables, "port": port}
            if self._target.backend is not None:
                backend = await serve_double("realtime", lambda: session, Side.MODEL)
                stack.push_async_callback(backend.aclose)
                variables["backend"] = {"url": backend.url}
            platforms = await open_platforms(self._target, lambda text: str(render(text, variables)), stack)
            variables |= variables_of(platforms)
            stack.enter_context(prints_told_apart(self._kept))
            texts = self._target.environment.items()
            environment = {name: str(render(text, variables)) for name, text in texts}
            stack.enter_context(at_home(self._project, environment))
            context = context_of(self._kept)
            loaded = context.run(load_application, self._where, self._project)
            url = self._target.url or f"ws://{LOOPBACK}:{port}{_way_in(self._where, loaded)}"
            served = _Served(self._where, loaded, port, self._kept)
            await _in(context, served.start)
            stack.push_async_callback(_in, context, served.stop)
            yield FarEnd(str(render(url, variables)), served.ended, platforms=platforms)

    async def stop(self) -> None:
        """Nothing is left of it after a call."""


def _way_in(where: str, application: Any) -> str:
    """The path of its only WebSocket, as Starlette and FastAPI tell it; `/` where nothing is told."""
    routes = getattr(application, "routes", ())
    paths = [route.path for route in routes if "websocket" in type(route).__name__.casefold()]
    if len(paths) > 1:
        reason = f"it has several WebSockets ({', '.join(paths)})"
        hint = 'say which to call: url: "ws://127.0.0.1:{{ port }}' + f'{paths[0]}"'
        raise AppNotLoaded(where, reason, hint)
    return paths[0] if paths else "/"


async def _in(context: Context, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do something in a context, to its end."""
    await asyncio.get_running_loop().create_task(work(), context=context)


class _Served:
    """An application under uvicorn, without its signal handlers, its logging and its own main loop."""

    def __init__(self, where: str, application: Any, port: int, output: KeptOutput) -> None:
        self._where = where
        self._application = application
        self._output = output
        self._port = port
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._server = self._made()

    def _made(self) -> uvicorn.Server:
        import uvicorn
        from uvicorn.config import WS_PROTOCOLS

        config = uvicorn.Config(
            self._guarded,
            host=LOOPBACK,
            port=self._port,
            log_config=None,
            access_log=False,
            date_header=False,
            interface="asgi3",
            http="h11",
            ws=_WEBSOCKETS if _WEBSOCKETS in WS_PROTOCOLS else "auto",
            timeout_graceful_shutdown=GRACE_S,
        )
        return uvicorn.Server(config)

    async def _guarded(self, scope: Any, receive: Any, send: Any) -> None:
        """The application; that it ends the process is known before anything else of it is."""
        try:
            await self._application(scope, receive, send)
        except SystemExit as left:
            if not self.ended.done():
                self.ended.set_result(AppEnded.of(self._where, left))

    async def start(self) -> None:
        """Have it started up and served."""
        server = self._server
        config = server.config
        config.load()
        server.lifespan = config.lifespan_class(config)
        with contextlib.suppress(SystemExit):  # how uvicorn says that it was not started
            await server.startup()
        if not server.started:
            reason = "it did not start up"
            raise AppNotLoaded(self._where, reason, output=self._output.lines()[-20:])

    async def stop(self) -> None:
        """End what it still does, and have it shut down."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S + SHUTDOWN_S):
                await self._server.shutdown()
