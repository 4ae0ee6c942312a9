"""A headless Chromium, driven over its DevTools pipe: no port, no driver package, no polling."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 60.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe",
)


class BrowserError(RuntimeError):
    """The browser refused a command, or did not answer in time."""


def chromium() -> str | None:
    """The browser's path, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Pipe:
    """JSON messages with a NUL after each, one pipe each way."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._rest = b""
        self._number = 0
        self.events: deque[dict[str, Any]] = deque()

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and give back its answer; events on the way are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self.next()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def next(self) -> dict[str, Any]:
        """The next message of any kind."""
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(deadline - time.monotonic(), 0))
            chunk = os.read(self._read, 1 << 20) if ready else b""
            if not chunk:
                raise BrowserError("the browser ended" if ready else f"no answer within {PATIENCE_S:.0f} s")
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        return decoded


class Page:
    """One tab, off line."""

    def __init__(self, pipe: Pipe, session: str) -> None:
        self._pipe, self._session = pipe, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        self._ask(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def look(self, width: int, height: int, scheme: str = "light", scale: float = 1) -> Self:
        """Set the size of the view port and the colour scheme."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return self

    def without_script(self) -> Self:
        """Run none of the page's own script from the next `open` on."""
        self._ask("Emulation.setScriptExecutionDisabled", value=True)
        return self

    def open(self, path: Path, fragment: str = "") -> Self:
        """Open a file and wait until it is loaded, even if it is open already."""
        for url in ("about:blank", path.resolve().as_uri() + fragment):
            loaded = self._loaded()
            self._ask("Page.navigate", url=url)
            while self._loaded() == loaded:
                self._pipe.events.append(self._pipe.next())
        return self

    def _loaded(self) -> int:
        return sum(event["method"] == "Page.loadEventFired" for event in self._pipe.events)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression, or the promise it gives, comes to."""
        answer = self._ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as a person without a mouse does."""
        for kind in ("rawKeyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def screenshot(self, path: Path, top: int = 0, height: int | None = None) -> None:
        """The whole page, or a stretch of it, as a PNG."""
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": top,
            "width": size["width"],
            "height": height or size["height"] - top,
            "scale": 1,
        }
        shot = self._ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """What the console was told, and what was asked of a network, since the browser began."""
        return [text for event in self._pipe.events if (text := _complaint(event["method"], event["params"]))]

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._pipe.ask(method, self._session, **params)


KEYS = {"Tab": 9, "Enter": 13}


def _complaint(method: str, params: dict[str, Any]) -> str:
    if method == "Runtime.exceptionThrown":
        return str(params["exceptionDetails"])
    if method == "Runtime.consoleAPICalled":
        return f"console.{params['type']}: {params['args']}"
    if method == "Log.entryAdded":
        return f"{params['entry']['level']}: {params['entry']['text']}"
    url = params["request"]["url"] if method == "Network.requestWillBeSent" else ""
    return "" if url.startswith(("file:", "data:")) or not url else f"asked the network for {url}"


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """One tab of a fresh browser whose profile lives in `profile`."""
    executable = chromium()
    assert executable is not None
    commands, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    # The browser reads 3 and writes 4: move ours out of the way before the shell puts them there.
    commands, answers = (_high(end) for end in (commands, answers))
    process = subprocess.Popen(
        [
            "bash",
            "-c",
            f'exec "$0" "$@" 3<&{commands} 4>&{answers}',
            executable,
            *_FLAGS,
            f"--user-data-dir={profile}",
        ],
        pass_fds=(commands, answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    pipe = Pipe(from_browser, to_browser)
    try:
        target = pipe.ask("Target.createTarget", url="about:blank")["targetId"]
        session = pipe.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        yield Page(pipe, session)
        pipe.ask("Browser.close")
    finally:
        os.close(to_browser)
        os.close(from_browser)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _high(end: int) -> int:
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved
