"""Target processes: started as written, watched, and never left behind."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from turnspec.run.errors import ForeignWork, HarnessError, TargetDied, TargetNotReady, TargetNotStarted
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.process import TargetProcess, free_port
from turnspec.run.ready import HttpReady, LineReady, PortReady
from turnspec.run.virtual import VirtualLoop

SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    tries = 0
    def do_GET(self):
        Answer.tries += 1
        self.send_response(int(os.environ["STATUS"]) if Answer.tries >= int(os.environ["AFTER"]) else 503)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
FOREVER = "import time; time.sleep(600)"


def python(code: str) -> str:
    """Return a command that runs `code`."""
    return f"python -c {shlex.quote(code)}"


@asynccontextmanager
async def target(
    code: str, folder: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[TargetProcess]:
    """Run a small Python target."""
    async with TargetProcess(python(code), folder=folder, environment=environment, grace_s=20) as process:
        yield process


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class TestStart:
    """The command, its folder and its surroundings."""

    async def test_runs_in_its_folder_with_the_engines_python_first(self, tmp_path: Path) -> None:
        """`python` is the engine's; the environment is ours and what was added."""
        code = "import os, sys; print(sys.executable, os.getcwd(), os.environ['EXTRA'], 'HOME' in os.environ)"
        async with target(code, tmp_path, {"EXTRA": "a b"}) as process:
            await process.died
        folder, home = tmp_path.resolve(), "HOME" in os.environ  # noqa: ASYNC240 - quick, and no call runs
        printed = process.output[0]
        assert printed.endswith(f"{folder} a b {home}")
        assert Path(printed.split()[0]).parent == Path(sys.executable).parent

    async def test_is_split_as_a_shell_would_and_run_without_one(self, tmp_path: Path) -> None:
        """Quotes group, `$` and `;` mean nothing."""
        command = "python -c 'import sys; print(sys.argv[1:])' 'two words' $HOME ; ls"
        async with TargetProcess(command, folder=tmp_path) as process:
            await process.died
        assert process.output == ("['two words', '$HOME', ';', 'ls']",)

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            ("no-such-program --port 1", "there is no program 'no-such-program' on PATH"),
            ("'open", "no closing quotation"),
            ("  ", "it is empty"),
            ("./plain.txt", r"'./plain.txt' may not be executed.*\n  help: chmod \+x ./plain.txt"),
        ],
    )
    async def test_a_command_that_cannot_run_says_why(self, command: str, said: str, tmp_path: Path) -> None:
        """The error names the program and what to do."""
        (tmp_path / "plain.txt").write_text("hello")
        with pytest.raises(TargetNotStarted, match=said):
            async with TargetProcess(command, folder=tmp_path):
                pytest.fail("it started")

    async def test_a_missing_folder_is_not_taken_for_a_missing_program(self, tmp_path: Path) -> None:
        """The system reports both alike."""
        with pytest.raises(TargetNotStarted, match=f"there is no folder {tmp_path / 'gone'}"):
            async with TargetProcess("python", folder=tmp_path / "gone"):
                pytest.fail("it started")

    def test_virtual_time_refuses_it(self, tmp_path: Path) -> None:
        """A process of its own runs on the wall clock only."""

        async def main() -> None:
            async with target(FOREVER, tmp_path):
                pytest.fail("it started")

        with pytest.raises(ForeignWork, match="the subprocess python -c"):
            run_on(VirtualLoop, main())


class TestReady:
    """Waiting until a target can be called."""

    async def test_http_is_asked_until_it_answers_2xx(self, tmp_path: Path) -> None:
        """A server that first says 503 is waited for."""
        port = free_port()
        surroundings = {"PORT": str(port), "STATUS": "204", "AFTER": "3"}
        async with target(SERVER, tmp_path, surroundings) as process:
            await process.wait_ready(HttpReady(f"http://127.0.0.1:{port}/health?deep=1"), 20)
            assert process.exit_code is None

    async def test_http_that_never_answers_2xx_says_what_it_answered(self, tmp_path: Path) -> None:
        """The error names the request, the last answer and the time."""
        port = free_port()
        surroundings = {"PORT": str(port), "STATUS": "404", "AFTER": "1"}
        async with target(SERVER, tmp_path, surroundings) as process:
            await process.wait_ready(PortReady(port), 20)
            with pytest.raises(TargetNotReady) as caught:
                await process.wait_ready(HttpReady(f"http://localhost:{port}/"), 0.3)
        said = str(caught.value)
        assert f"not ready within 0.3 s: GET http://localhost:{port}/: the answer was 404 (" in said

    async def test_a_port_that_nothing_opens(self, tmp_path: Path) -> None:
        """The error shows what was tried and what the process printed."""
        port = free_port()
        async with target(f"print('warming up'); {FOREVER}", tmp_path) as process:
            await process.wait_ready(LineReady("warm"), 20)
            with pytest.raises(TargetNotReady) as caught:
                await process.wait_ready(PortReady(port), 0.2)
        said = str(caught.value)
        assert f"connecting to 127.0.0.1:{port}: connection refused (" in said
        assert said.endswith("  last output:\n  | warming up")

    async def test_something_that_is_not_http(self, tmp_path: Path) -> None:
        """A port that speaks another language is not ready."""
        code = (
            "import socket; s = socket.create_server(('127.0.0.1', 0)); print('port', s.getsockname()[1])\n"
            "while True: c, _ = s.accept(); c.sendall(b'220 mail\\r\\n'); c.recv(999); c.close()"
        )
        async with target(code, tmp_path) as process:
            await process.wait_ready(LineReady(r"port \d+"), 20)
            port = int(process.output[0].split()[1])
            with pytest.raises(TargetNotReady, match="the answer was not HTTP"):
                await process.wait_ready(HttpReady(f"http://127.0.0.1:{port}/"), 0.3)

    async def test_a_line_is_seen_whenever_it_was_printed(self, tmp_path: Path) -> None:
        """Before or after the wait began, on standard error as on standard output."""
        code = f"import sys; print('one'); print('listening on 80', file=sys.stderr); {FOREVER}"
        async with target(code, tmp_path) as process:
            await process.wait_ready(LineReady(r"listening on \d+"), 20)
            await process.wait_ready(LineReady("^one$"), 20)
            assert process.output == ("one", "listening on 80")

    async def test_death_before_readiness(self, tmp_path: Path) -> None:
        """The exit code and the last words are reported at once, not after the time-out."""
        code = "import sys; print('loading'); sys.exit('port is taken')"
        async with target(code, tmp_path) as process:
            with pytest.raises(TargetDied) as caught:
                await process.wait_ready(PortReady(free_port()), 60)
        assert caught.value.exit_code == 1
        assert caught.value.output == ("loading", "port is taken")
        assert "ended before it was ready: exit code 1" in str(caught.value)

    @pytest.mark.parametrize(
        ("ready", "said"),
        [
            (HttpReady("https://localhost/"), "no http:// URL"),
            (HttpReady("http://localhost:99999/"), "is no URL"),
            (LineReady("(unclosed"), "no regular expression: missing \\)"),
        ],
    )
    async def test_what_cannot_be_asked(
        self, ready: HttpReady | LineReady, said: str, tmp_path: Path
    ) -> None:
        """A wrong `ready` is an error of its own, at once."""
        async with target(FOREVER, tmp_path) as process:
            with pytest.raises(HarnessError, match=said):
                await process.wait_ready(ready, 60)

    async def test_a_pattern_that_backtracks_without_end(self, tmp_path: Path) -> None:
        """One line cannot hold up the engine."""
        async with target(f"print('a' * 60 + 'b'); {FOREVER}", tmp_path) as process:
            with pytest.raises(HarnessError, match="takes too long to match"):
                await process.wait_ready(LineReady(r"^(a|aa|a?a)+$"), 60)


class TestWatching:
    """While calls run."""

    async def test_death_during_a_call(self, tmp_path: Path) -> None:
        """`died` tells how and with which last words, without being asked."""
        code = "import os, sys; print('ready'); sys.stdin.close(); os.kill(os.getpid(), 9)"
        async with target(code, tmp_path) as process:
            async with asyncio.timeout(60):
                death = await process.died
        assert death.exit_code == -9
        assert "killed by SIGKILL" in str(death)
        assert death.output == ("ready",)

    async def test_the_last_two_hundred_lines_are_kept(self, tmp_path: Path) -> None:
        """However much is printed, in whatever encoding, also without a last line end."""
        code = (
            "import sys\nfor i in range(1000): print('line', i)\n"
            "sys.stdout.flush(); sys.stdout.buffer.write(b'caf\\xc3\\xa9 \\xff')"
        )
        async with target(code, tmp_path) as process:
            await process.died
        assert len(process.output) == 200
        assert process.output[-2:] == ("line 999", "caf\u00e9 \ufffd")

    async def test_a_line_without_end_is_cut(self, tmp_path: Path) -> None:
        """Output cannot fill the memory."""
        async with target("print('x' * 1_000_000, end='')", tmp_path) as process:
            await process.died
        assert max(len(line) for line in process.output) <= 8192

    async def test_secrets_never_arrive(self, tmp_path: Path) -> None:
        """The mask is applied before a line is kept, and to the command too."""
        command = python("import time; print('token is s3cret', flush=True); print('s3cret', end='')")
        async with TargetProcess(
            command, folder=tmp_path, mask=lambda text: text.replace("s3cret", "***")
        ) as process:
            await process.died
        assert process.output == ("token is ***", "***")
        assert "s3cret" not in process.command


class TestStop:
    """Nothing is left behind."""

    async def test_a_polite_process_ends_by_itself(self, tmp_path: Path) -> None:
        """SIGTERM comes first; being stopped is no death."""
        code = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0)))\n"
            "print('up')\ntime.sleep(600)"
        )
        async with target(code, tmp_path) as process:
            await process.wait_ready(LineReady("up"), 20)
        assert (process.exit_code, process.output) == (0, ("up", "bye"))
        assert not process.died.done()

    async def test_a_deaf_process_and_its_children_are_killed(self, tmp_path: Path) -> None:
        """Whoever ignores SIGTERM is killed after the grace, with every child."""
        code = (
            "import signal, subprocess, sys, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"child = subprocess.Popen([sys.executable, '-c', {FOREVER!r}])\n"
            "print('child', child.pid)\ntime.sleep(600)"
        )
        async with TargetProcess(python(code), folder=tmp_path, grace_s=0.2) as process:
            await process.wait_ready(LineReady("child"), 20)
            child = int(process.output[0].split()[1])
            assert is_alive(child)
        assert process.exit_code == -signal.SIGKILL
        await gone(child)

    async def test_children_of_a_dead_process_are_killed(self, tmp_path: Path) -> None:
        """A launcher that ends and leaves its server running does not leave it for ever."""
        code = (
            "import subprocess, sys\n"
            f"print('child', subprocess.Popen([sys.executable, '-c', {FOREVER!r}]).pid)"
        )
        async with target(code, tmp_path) as process:
            death = await process.died
            child = int(death.output[0].split()[1])
            assert is_alive(child)
        await gone(child)

    async def test_cancelling_leaves_nothing(self, tmp_path: Path) -> None:
        """A run that is interrupted twice while it stops still ends its process."""
        started = asyncio.get_running_loop().create_future()
        deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); {FOREVER}"

        async def run() -> None:
            async with TargetProcess(python(deaf), folder=tmp_path, grace_s=60) as process:
                await process.wait_ready(LineReady("up"), 20)
                started.set_result(process.pid)
                await asyncio.Event().wait()

        running = asyncio.create_task(run())
        pid = await started
        running.cancel()
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.wait({running}, timeout=20)
        assert running.cancelled()
        await gone(pid)

    def test_who_asks_twice_before_it_stops_waits_for_nobody(self, tmp_path: Path) -> None:
        """Once the loop was left in a hurry, a deaf process is killed at once, however long its grace."""
        deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); {FOREVER}"

        def interrupt() -> None:
            raise KeyboardInterrupt

        async def main() -> None:
            async with TargetProcess(python(deaf), folder=tmp_path, grace_s=60) as process:
                await process.wait_ready(LineReady("up"), 20)
                asyncio.get_running_loop().call_soon(interrupt)
                await asyncio.Event().wait()

        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run_on(WallLoop, main())
        assert time.monotonic() - began < 30

    def test_works_on_the_wall_loop(self, tmp_path: Path) -> None:
        """From start to stop on the loop that real runs use."""

        async def main() -> int | None:
            async with target(f"print('up'); {FOREVER}", tmp_path) as process:
                await process.wait_ready(LineReady("up"), 20)
            return process.exit_code

        assert run_on(WallLoop, main()) == -signal.SIGTERM


async def gone(pid: int) -> None:
    """Wait until a killed process is gone; it is nobody's child here, so no event tells."""
    async with asyncio.timeout(60):
        while is_alive(pid):  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.01)


def test_a_free_port_can_be_bound() -> None:
    """It is really free."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] > 0
