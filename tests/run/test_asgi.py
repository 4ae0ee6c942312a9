"""Applications under test in the engine's own process: imported afresh, served, told apart, taken away."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import threading
from pathlib import Path

import pytest

from support_asgi import call, events, write_application, write_project
from turnspec.clients import run_scenarios
from turnspec.results import Outcome

pytest.importorskip("uvicorn")

OUTSIDE = "virtual time cannot include "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose application does nothing but listen."""
    write_project(tmp_path)
    write_application(tmp_path)
    return tmp_path


def test_an_application_is_called_in_virtual_time(folder: Path) -> None:
    """A call to it holds, in virtual time, with its lifespan run and what it prints in the report."""
    result = call(folder)

    assert (result.outcome, result.clock, result.error) == (Outcome.PASSED, "virtual", "")
    assert result.process_output == ("started None", "shut down")


def test_it_is_called_over_loopback_too(folder: Path) -> None:
    """On the wall clock it is served on a port of its own, with the same outcome."""
    result = call(folder, clock="wall")

    assert (result.outcome, result.clock, result.error) == (Outcome.PASSED, "wall", "")
    assert result.process_output == ("started None", "shut down")


def test_every_call_has_a_fresh_one(folder: Path) -> None:
    """Nothing that one call left in the application's modules is there in the next, edited or not."""
    write_application(folder, 'started.append("used"); print(started)')
    first, second = call(folder), call(folder)
    write_application(folder, 'print("a new one")')
    third = call(folder)

    assert first.process_output == second.process_output == ("started None", "[None, 'used']", "shut down")
    assert "a new one" in third.process_output


def test_the_environment_is_set_before_the_import_and_restored(folder: Path) -> None:
    """Variables are there when the application is imported, with templates filled in, and gone afterwards."""
    write_project(
        folder, 'protocol: twilio, asgi: "desk:app", environment: {DESK: "at {{ port }}", HOME: nowhere}'
    )
    write_application(
        folder, 'os.environ["LEFT"] = "behind"', 'print(os.environ["DESK"], os.environ["HOME"])'
    )
    before, path, modules = dict(os.environ), list(sys.path), set(sys.modules)

    result = call(folder)

    assert result.process_output[:2] == ("at 8000 nowhere", "started at 8000")
    assert (dict(os.environ), sys.path) == (before, path)
    assert "desk" not in set(sys.modules) - modules


@pytest.mark.parametrize("place", ["the project", "another folder"])
def test_modules_of_the_same_name_are_put_aside(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A module of that name that the program has already is neither used nor lost."""
    home = folder if place == "the project" else tmp_path_factory.mktemp("another")
    write_application(home)
    spec = importlib.util.spec_from_file_location("desk", home / "desk.py")
    assert spec is not None
    desk = importlib.util.module_from_spec(spec)
    desk.started = ["in the program"]  # type: ignore[attr-defined] # it has what it is given
    monkeypatch.setitem(sys.modules, "desk", desk)

    result = call(folder)

    assert "started None" in result.process_output
    assert sys.modules["desk"] is desk
    assert desk.started == ["in the program"]


def test_a_function_may_make_the_application(folder: Path) -> None:
    """A name of a function that takes nothing is called for the application."""
    write_project(folder, 'protocol: twilio, asgi: "desk:make"')
    write_application(folder, more="def make():\n    print('made')\n    return app\n")

    assert call(folder).process_output == ("made", "started None", "shut down")


def test_an_error_of_the_application_is_its_own(folder: Path) -> None:
    """What it raises breaks the line, which is a finding; the traceback is its output."""
    write_application(folder, 'raise RuntimeError("the desk is on fire")')
    result = call(folder)

    assert (result.outcome, result.error) == (Outcome.FAILED, "")
    assert "line-broke" in {finding.kind for finding in result.all_findings if finding.fails}
    assert "RuntimeError: the desk is on fire" in result.process_output
    assert any("desk.py" in line for line in result.process_output)


def test_output_of_others_is_not_the_applications(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints in tasks and threads is kept from the terminal; afterwards printing is as before."""
    write_application(
        folder,
        """
        print("from a task")
        print("to the side", file=sys.stderr)
        await asyncio.to_thread(print, "from a job")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start(); thread.join()
        """,
    )
    result = call(folder)
    sys.stdout.write("from us\n")

    assert [line for line in result.process_output if line.startswith(("from", "to"))] == [
        "from a task",
        "to the side",
        "from a job",
        "from a thread",
    ]
    assert capsys.readouterr() == ("from us\n", "")


def test_its_logging_ends_with_it(folder: Path) -> None:
    """Loggers that it sets up write into its output, each line once, and are as before after the call."""
    write_application(
        folder,
        'logging.getLogger("desk").info("in the call")',
        """
        import logging
        handler = logging.StreamHandler()
        logging.getLogger("desk").addHandler(handler)
        logging.getLogger("desk").setLevel(logging.INFO)
        logging.getLogger("desk").propagate = False
        """,
    )
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.lastResort)

    call(folder)
    result = call(folder)

    assert result.process_output.count("in the call") == 1
    assert (list(root.handlers), root.level, logging.lastResort) == before
    desk = logging.getLogger("desk")
    assert (desk.handlers, desk.level, desk.propagate) == ([], logging.NOTSET, True)


def test_secrets_are_taken_out_of_its_output(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that it prints is masked, as in all else."""
    monkeypatch.setenv("DESK_KEY", "open sesame")
    write_application(folder, 'print("the key is", os.environ["DESK_KEY"])')
    project = folder / "turnspec.yaml"
    project.write_text(project.read_text("utf-8") + "secrets: [DESK_KEY]\n", "utf-8")

    assert "the key is ***" in call(folder).process_output


@pytest.mark.parametrize(
    ("act", "named"),
    [
        ('await asyncio.create_subprocess_exec("true")', "the subprocess true"),
        ('await asyncio.open_connection("example.org", 80)', "a connection to example.org:80"),
        ('await asyncio.get_running_loop().getaddrinfo("example.org", 80)', "the address of 'example.org'"),
        (
            """
            loop = asyncio.get_running_loop()
            def tick():
                try:
                    loop.call_soon_threadsafe(print, "hello")
                except Exception:
                    print("refused")
            other = threading.Thread(target=tick, name="ticker")
            other.start(); other.join()
            """,
            "the thread 'ticker', which calls print in the loop",
        ),
    ],
)
def test_what_the_clock_cannot_include_is_refused_by_name(folder: Path, act: str, named: str) -> None:
    """A subprocess, a connection or look-up outside, a foreign thread: an error that names it, no finding."""
    write_application(folder, act)
    result = call(folder)

    assert result.outcome is Outcome.ERROR
    assert result.error.splitlines()[0].startswith(OUTSIDE)
    assert named in result.error
    assert "--clock wall" in result.error


def test_a_refusal_cannot_be_caught(folder: Path) -> None:
    """An application that carries on after a refusal does not make a result of it."""
    write_application(
        folder,
        """
        try:
            await asyncio.open_connection("example.org", 80)
        except Exception:
            print("never mind")
        """,
    )
    result = call(folder)

    assert result.outcome is Outcome.ERROR
    assert "a connection to example.org:80" in result.error
    assert "never mind" in result.process_output
    assert [event["reason"] for event in events(folder, "harness-failed")] == [
        f"{OUTSIDE}a connection to example.org:80"
    ]


def test_jobs_in_other_threads_cost_no_virtual_time(folder: Path) -> None:
    """`asyncio.to_thread` is waited for, and the call is as long as without it."""
    plain = call(folder)
    write_application(folder, "await asyncio.to_thread(time.sleep, 0.05)")
    slow = call(folder)

    assert (slow.outcome, slow.duration_us) == (Outcome.PASSED, plain.duration_us)


def test_on_the_wall_clock_all_of_it_is_let(folder: Path) -> None:
    """What virtual time refuses works over loopback, however long it takes."""
    write_project(folder, turns="- {turn: Wait, expect: {hangup: true}, patience: 60 s}")
    write_application(
        folder,
        """
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await process.wait()
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(heard.set)).start()
        await heard.wait()
        print("all done")
        await send({"type": "websocket.close"})
        """,
    )
    result = call(folder, clock="wall")

    assert (result.outcome, result.error) == (Outcome.PASSED, "")
    assert "all done" in result.process_output


@pytest.mark.parametrize(
    ("asgi", "more", "told"),
    [
        ("dekc:app", "", "there is no module 'dekc' in "),
        ("desk:apq", "", "'desk' has no 'apq'"),
        ("desk:started", "", "'started' is list, not an application"),
        ("desk:app", "raise ValueError('no key')", "ValueError: no key, desk.py:"),
        ("desk:app", "def broken(:", "desk.py:"),
        ("desk:app", "import nowhere_to_be_found", "No module named 'nowhere_to_be_found', desk.py:"),
        ("desk:app", "sys.exit(4)", "SystemExit: 4, desk.py:"),
        ("desk:make", "def make():\n    return missing\n", "name 'missing' is not defined, desk.py:"),
    ],
)
def test_what_cannot_be_imported_is_an_error_with_its_place(
    folder: Path, asgi: str, more: str, told: str
) -> None:
    """Nothing is judged, and the error says what is wrong and where in the application's code."""
    write_project(folder, f'protocol: twilio, asgi: "{asgi}"')
    write_application(folder, more=more)
    result = call(folder)

    assert result.outcome is Outcome.ERROR
    assert result.error.startswith("the application cannot be run: ")
    assert told in result.error.splitlines()[0]
    assert "importlib" not in result.error


def test_one_that_does_not_start_up_is_an_error(folder: Path) -> None:
    """A lifespan that fails keeps it from being called, and what it said is shown."""
    code = (folder / "desk.py").read_text("utf-8")
    (folder / "desk.py").write_text(
        code.replace(
            'print("started", *started)',
            'await send({"type": "lifespan.startup.failed", "message": "no database"}); return',
        ),
        "utf-8",
    )
    result = call(folder)

    assert result.outcome is Outcome.ERROR
    assert "it did not start up" in result.error
    assert any("no database" in line for line in result.process_output)


@pytest.mark.parametrize("clock", ["virtual", "wall"])
def test_one_that_ends_the_process_ends_its_call_only(folder: Path, clock: str) -> None:
    """`sys.exit` is the target's end, not ours."""
    write_application(folder, "sys.exit(5)")
    result = call(folder, clock=clock)

    assert result.outcome is Outcome.ERROR
    assert result.error.startswith("the application ended its process: exit code 5 (asgi: desk:app)")


def test_a_task_that_ends_the_process_ends_its_call_only(folder: Path) -> None:
    """Also where it is not the application's own task that does."""
    write_application(folder, "await asyncio.create_task(leave())", "async def leave():\n    sys.exit(6)\n")

    assert "exit code 6" in call(folder).error


def test_without_uvicorn_it_is_a_problem_with_the_line_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is said before any call, where the application is named."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    run = run_scenarios(folder / "talk.yaml", output=folder / "out")

    assert run.calls == ()
    (wrong,) = run.wrong_files
    assert "error[missing-extra]" in wrong.problems[0]
    assert "pip install 'turnspec[asgi]'" in wrong.problems[0]
    assert '"desk:app"' in wrong.problems[0]


def test_without_a_url_its_only_websocket_is_called(folder: Path) -> None:
    """What Starlette and FastAPI tell of their routes says where to call."""
    pytest.importorskip("fastapi")
    (folder / "web.py").write_text(
        "from fastapi import FastAPI, WebSocket\n"
        "app = FastAPI()\n"
        "@app.get('/health')\n"
        "async def health(): return 'ok'\n"
        "@app.websocket('/media')\n"
        "async def media(line: WebSocket):\n"
        "    await line.accept()\n"
        "    async for _ in line.iter_text(): pass\n",
        "utf-8",
    )
    write_project(folder, 'protocol: twilio, asgi: "web:app"')
    result = call(folder)

    assert (result.outcome, result.error) == (Outcome.PASSED, "")
    assert [event["url"] for event in events(folder, "dialled")] == ["ws://127.0.0.1:8000/media"]


def test_several_websockets_need_a_url(folder: Path) -> None:
    """Which to call is not guessed: the error shows what to write."""
    pytest.importorskip("starlette")
    (folder / "web.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.routing import WebSocketRoute\n"
        "async def line(socket):\n"
        "    await socket.accept()\n"
        "    async for _ in socket.iter_text(): pass\n"
        "app = Starlette(routes=[WebSocketRoute('/one', line), WebSocketRoute('/two', line)])\n",
        "utf-8",
    )
    write_project(folder, 'protocol: twilio, asgi: "web:app"')
    guessed = call(folder)
    write_project(folder, 'protocol: twilio, asgi: "web:app", url: "ws://127.0.0.1:{{ port }}/two"')
    told = call(folder)

    assert guessed.outcome is Outcome.ERROR
    assert "it has several WebSockets (/one, /two)" in guessed.error
    assert 'url: "ws://127.0.0.1:{{ port }}/one"' in guessed.error
    assert told.outcome is Outcome.PASSED


def test_no_thread_is_left_behind(folder: Path) -> None:
    """After a call with jobs in threads there are as many threads as before."""
    write_application(folder, "await asyncio.to_thread(print, 'a job')")
    before = threading.active_count()
    call(folder)

    assert threading.active_count() == before
