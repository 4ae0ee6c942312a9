"""`turnspec serve`: a double by itself, what it prints, what it logs, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from support_projects import DESK, TURNSPEC, Project, eventually, surroundings, turnspec_here
from support_serving import entries, program, sdk_round, served, text_round
from turnspec.call.events import CallerHeard, Side
from turnspec.cli.serving import line_of
from turnspec.clients import MockTwilioClient
from turnspec.run.journal import Happened, Noted
from turnspec.run.loops import WallLoop, run_on

EDITOR = """
agent: Editor
responses:
  list: {when: {keywords: [messages]}, say: No more messages.}
  broken: {when: {keywords: [broken]}, say: "{{ heard.text | int(default=None) + 1 }}"}
otherwise: {say: Pardon?}
"""


@pytest.fixture
def editor(tmp_path: Path) -> Project:
    """A folder with one agent script."""
    project = Project(tmp_path)
    project.write("editor.yaml", EDITOR)
    return project


def test_the_sdk_talks_to_a_served_model(editor: Project) -> None:
    """What it says to set is enough for the official SDK; it tells what happened, and ends with 130."""
    arguments = ("--agent", "editor.yaml", "--log", "log.jsonl")
    with served(editor.folder, "realtime", *arguments, settings=2) as serving:
        assert set(serving.settings) == {"OPENAI_BASE_URL", "OPENAI_API_KEY"}
        said = [sdk_round(serving.settings, text) for text in ("any messages", "hm")]
        code, told = serving.stop()

    assert said == ["No more messages.\n", "Pardon?\n"]
    assert code == 130
    lines = [line.split() for line in told.splitlines()]
    assert [line[1] for line in lines if "connected" in line] == ["#1", "#2"]
    assert [line[-1] for line in lines if "response-chosen" in line] == ["name=list", "name=otherwise"]
    header, *logged = entries(editor.folder / "log.jsonl")
    assert (header["format"], header["double"], header["agent"]) == (1, "realtime", "editor.yaml")
    assert [entry["text"] for entry in logged if entry.get("kind") == "agent-said"] == [
        "No more messages.",
        "Pardon?",
    ]
    frames = [json.loads(entry["frame"])["type"] for entry in logged if entry.get("direction") == "in"]
    assert frames == ["conversation.item.create", "response.create"] * 2


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--speech", "there is no speech engine 'flit'"),
        ("--transcription", "there is no transcription engine 'flit'"),
        ("--voice-activity", "there is no engine of voice activity 'flit'"),
    ],
)
def test_an_engine_that_there_is_not_is_refused(editor: Project, option: str, told: str) -> None:
    """Before anything is served, by its name."""
    done = turnspec_here(editor.folder, "serve", "realtime", "--agent", "editor.yaml", option, "flit")

    assert done.code == 2
    assert told in done.err


def test_a_served_bot_takes_calls(tmp_path: Path) -> None:
    """A telephone calls the bot twice; each call begins with the greeting; no audio is in the log."""
    project = Project(tmp_path)
    for clip in ("agent/no-more.flac", "agent/deleted.flac"):
        project.clip(clip)
    project.write("desk.yaml", DESK)

    async def call(url: str) -> bool:
        async with MockTwilioClient(url) as phone:
            return (await phone.wait_for_reply()).ended_us > 0

    arguments = ("--agent", "desk.yaml", "--log", "log.jsonl")
    with served(tmp_path, "twilio-bot", *arguments, settings=2) as serving:
        assert serving.settings["Voice webhook"].endswith("/voice")
        url = serving.settings["WebSocket URL"]
        assert run_on(WallLoop, call(url))
        assert run_on(WallLoop, call(url))
        code, _ = serving.stop()

    logged = entries(tmp_path / "log.jsonl")
    assert code == 130
    assert [entry["connection"] for entry in logged if entry.get("kind") == "connected"] == [1, 2]
    assert [entry["connection"] for entry in logged if entry.get("kind") == "disconnected"] == [1, 2]
    sent = [json.loads(entry["frame"]) for entry in logged if entry.get("direction") == "out"]
    media = [frame["media"]["payload"] for frame in sent if frame["event"] == "media"]
    assert media
    assert all(payload.startswith("<") for payload in media)


def test_sigterm_ends_it_like_sigint(editor: Project) -> None:
    """In the middle of a connection, too."""
    with served(editor.folder, "realtime", "--agent", "editor.yaml", settings=2) as serving:
        url = serving.settings["OPENAI_BASE_URL"].replace("http", "ws") + "/realtime?model=m"
        with connect(url, additional_headers={"Authorization": "Bearer any"}) as connection:
            connection.recv()
            code, told = serving.stop(signal.SIGTERM)

    assert code == 130
    assert told.splitlines()[-1].endswith("disconnected")


def test_sigterm_ends_what_a_shell_runs_in_its_background(editor: Project) -> None:
    """A shell lets its background jobs ignore SIGINT, and scripts stop them with SIGTERM."""
    command = [*TURNSPEC, "serve", "realtime", "--agent", "editor.yaml", "--as", "api.openai.com"]
    with subprocess.Popen(
        ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command],
        cwd=editor.folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)

    certificates = next(line.partition("=")[2].strip() for line in lines if "SSL_CERT_FILE" in line)
    assert process.returncode == 130
    assert rest == ""
    assert not Path(certificates).parent.exists()


def test_a_wrong_key_is_told(editor: Project) -> None:
    """With a key only that one is let in, and the log says who was not."""
    arguments = ("--agent", "editor.yaml", "--api-key", "right")
    with served(editor.folder, "realtime", *arguments, settings=2) as serving:
        assert text_round(serving.settings, "messages") == "No more messages."
        with pytest.raises(ConnectionClosedError, match="invalid_api_key"):
            text_round({**serving.settings, "OPENAI_API_KEY": "sk-wr0ng"}, "messages")
        elsewhere = serving.settings["OPENAI_BASE_URL"].replace("http", "ws") + "/other?api-key=wr0ng"
        with pytest.raises(InvalidStatus, match="404"), connect(elsewhere):
            pass
        _, told = serving.stop()

    assert "refused            3000: Incorrect API key" in told
    assert "refused            404: /v1/other: only /v1/realtime is served" in told
    assert "wr0" not in told, "somebody's key, for somebody else"


def test_a_beta_client_whose_session_ends(editor: Project) -> None:
    """`--dialect beta` lets it in, with the session of old, and `--max-age` ends that."""
    arguments = ("--agent", "editor.yaml", "--dialect", "beta", "--max-age", "500 ms")
    with served(editor.folder, "realtime", *arguments, settings=2) as serving:
        url = serving.settings["OPENAI_BASE_URL"].replace("http", "ws") + "/realtime?model=m"
        headers = {"Authorization": "Bearer any", "OpenAI-Beta": "realtime=v1"}
        with connect(url, additional_headers=headers) as connection:
            created, *_ = [json.loads(frame) for frame in connection]

    assert created["session"]["input_audio_format"] == "pcm16"
    assert connection.close_code == 1001
    assert str(connection.close_reason).startswith("Your session hit the maximum duration")


def test_a_bot_of_the_bot_api_wants_its_token(editor: Project) -> None:
    """Who bears another one is refused, and the log says so."""
    with served(
        editor.folder, "audiocodes-bot", "--agent", "editor.yaml", "--token", "right", settings=2
    ) as serving:
        with pytest.raises(InvalidStatus, match="401"):
            connect(serving.settings["Bot URL"], additional_headers={"Authorization": "Bearer wrong"})
        _, told = serving.stop()

    assert serving.settings["Token"] == "right"
    assert "refused            401: wrong token" in told


def test_frames_are_shown_where_asked_for(editor: Project) -> None:
    """`-v` prints each frame as well."""
    with served(editor.folder, "realtime", "--agent", "editor.yaml", "-v", settings=2) as serving:
        text_round(serving.settings, "messages")
        _, told = serving.stop()

    assert 'frame in           {"type": "conversation.item.create"' in told
    assert 'frame out          {"type":"session.created"' in told


def test_a_killed_server_leaves_whole_lines(editor: Project) -> None:
    """Every line of the log is written when it happens."""
    log = editor.folder / "log.jsonl"
    arguments = ("--agent", "editor.yaml", "--log", "log.jsonl")
    with served(editor.folder, "realtime", *arguments, settings=2) as serving:
        text_round(serving.settings, "messages")
        eventually(lambda: '"disconnected"' in log.read_text("utf-8"))
        serving.process.kill()
        serving.process.wait()

        assert entries(log)[-1]["kind"] == "disconnected"


def test_a_script_that_breaks_in_one_call_serves_the_next(editor: Project) -> None:
    """What cannot be worked out in the middle of a call ends that call alone."""
    with served(editor.folder, "realtime", "--agent", "editor.yaml", settings=2) as serving:
        with pytest.raises(ConnectionClosedError, match="1011"):
            text_round(serving.settings, "broken")
        assert text_round(serving.settings, "messages") == "No more messages."
        code, told = serving.stop()

    assert code == 130
    assert "harness-failed" in told


def test_a_port_that_is_taken(editor: Project) -> None:
    """Says so, and how to go on; it is nobody's finding."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = turnspec_here(editor.folder, "serve", "realtime", "--agent", "editor.yaml", "--port", port)

    assert ran.code == 3
    assert ran.err == (
        f"nothing can be served at 127.0.0.1:{port}: Address already in use\n"
        "  help: end what listens there, or take another --port; 0 is any that is free\n"
    )


def test_a_host_that_is_none(editor: Project) -> None:
    """An address that is not this machine's is named."""
    arguments = ("serve", "realtime", "--agent", "editor.yaml", "--host", "256.1.1.1")
    ran = turnspec_here(editor.folder, *arguments)

    assert ran.code == 3
    assert ran.err.startswith("nothing can be served at 256.1.1.1:0: ")


WRONG = {
    "otherwise: {say: Pardon?}": ("otherwize: {say: Pardon?}", "did you mean 'otherwise'?"),
    "say: No more messages.": ("say: No more., audio: gone.wav", "there is no file 'gone.wav'"),
    "say: Pardon?": ("say: Pardon?, timing: {first_audio: 1 ms}", "cannot know yet"),
    "agent: Editor": ("agemt: Editor", "did you mean 'agent'?"),
}


@pytest.mark.parametrize("old", WRONG)
def test_a_wrong_script(editor: Project, old: str) -> None:
    """The problems that `check` would show, exit 2, and nothing listens."""
    new, told = WRONG[old]
    editor.change("editor.yaml", old, new)

    ran = turnspec_here(editor.folder, "serve", "realtime", "--agent", "editor.yaml")

    assert ran.code == 2
    assert told in ran.out
    assert "editor.yaml:" in ran.out
    assert "is up" not in ran.told


def test_the_project_of_the_script_counts(editor: Project) -> None:
    """Its names of the environment may be used; one that is not set is a problem; secrets are masked."""
    editor.write("turnspec.yaml", "version: 1\nsecrets: [DESK_SECRET]\n")
    editor.change("editor.yaml", "No more messages.", "'It is {{ env.DESK_SECRET }}.'")
    unset = turnspec_here(editor.folder, "serve", "realtime", "--agent", "editor.yaml")

    assert unset.code == 2
    assert "the environment variable DESK_SECRET is not set" in unset.out


def test_secrets_are_masked(editor: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client hears the secret; what is printed and logged does not have it."""
    monkeypatch.setenv("DESK_SECRET", "s3cr3t-tok3n")
    editor.write("turnspec.yaml", "version: 1\nsecrets: [DESK_SECRET]\n")
    editor.change("editor.yaml", "No more messages.", "'It is {{ env.DESK_SECRET }}.'")
    arguments = ("--agent", "editor.yaml", "--log", "log.jsonl", "-v")
    with served(editor.folder, "realtime", *arguments, settings=2) as serving:
        assert text_round(serving.settings, "messages") == "It is s3cr3t-tok3n."
        _, told = serving.stop()

    logged = (editor.folder / "log.jsonl").read_text("utf-8")
    assert "s3cr3t-tok3n" not in told + logged
    assert "It is ***." in told
    assert "It is ***." in logged


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("twilio-bot", "--api-key", "k"), "--api-key is for realtime, not for twilio-bot"),
        (("twilio-bot", "--as", "api.openai.com"), "--as is for realtime, not for twilio-bot"),
        (("realtime", "--token", "t"), "--token is for audiocodes-bot, not for realtime"),
        (("realtime", "--auth-token", "t"), "--auth-token is for twilio-bot, not for realtime"),
        (("twilio-bot", "--dialect", "ga"), "--dialect is for realtime, not for twilio-bot"),
        (("twilio-bot", "--max-age", "5 s"), "--max-age is for realtime, not for twilio-bot"),
        (("realtime", "--max-age", "5"), "--max-age: 5 has no unit: write '5 ms' or '5 s'"),
        (("realtime", "--max-age", "0 s"), "--max-age: sessions would be over before they begin"),
        (("realtime", "--api-key", ""), "--api-key: no client is let in with this key: it is empty"),
        (("realtime", "--api-key", "ek_1"), "keys that begin with ek_ are those that the server makes"),
        (("realtime", "--as", "https://api.openai.com"), "--as: 'https://api.openai.com' is not the name of"),
        (("realtime", "--as", "api.openai.com:443"), "write it without scheme, port and path"),
        (("realtime", "--as", ""), "--as: '' is not the name of a host"),
        (("realtime", "--as", "a..b"), "--as: 'a..b' is not the name of a host"),
        (("realtime", "--port", "70000"), "70000 is not in the range"),
        (("realtime", "--agent", "nowhere.yaml"), "there is no such file"),
        (("realtime", "--log", "."), "the log cannot be written: .: Is a directory"),
    ],
)
def test_a_wrong_command_line(editor: Project, arguments: tuple[str, ...], told: str) -> None:
    """Options that a double does not have, and paths that are none, exit with 2."""
    given = arguments if "--agent" in arguments else (*arguments, "--agent", "editor.yaml")
    ran = turnspec_here(editor.folder, "serve", *given)

    assert ran.code == 2
    assert told in ran.told


HARD_CODED = """
import asyncio, json
from websockets.asyncio.client import connect

async def main():
    headers = {"Authorization": "Bearer sk-any"}
    url = "wss://api.openai.com/v1/realtime?model=gpt-realtime"
    async with connect(url, additional_headers=headers) as connection:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "messages"}]}
        await connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
        response = {"output_modalities": ["text"]}
        await connection.send(json.dumps({"type": "response.create", "response": response}))
        async for frame in connection:
            event = json.loads(frame)
            if event["type"] == "response.output_text.done":
                print(event["text"])
                return

asyncio.run(main())
"""
ELSEWHERE = """
import urllib.request
try:
    urllib.request.urlopen("https://elsewhere.example/")
except OSError as error:
    print(error)
"""


def test_a_hard_coded_client_is_redirected(editor: Project) -> None:
    """Two unmodified programs complete a round; nothing else is reached; the certificates go away."""
    arguments = ("--agent", "editor.yaml", "--as", "api.openai.com")
    with served(editor.folder, "realtime", *arguments, settings=3) as serving:
        chosen = {name: serving.settings[name] for name in ("HTTPS_PROXY", "SSL_CERT_FILE")}
        assert program(HARD_CODED, chosen) == "No more messages.\n"
        assert sdk_round(chosen, "messages", client="api_key='sk-any'") == "No more messages.\n"
        assert "403" in program(ELSEWHERE, chosen)
        distrusting = {"HTTPS_PROXY": chosen["HTTPS_PROXY"], "SSL_CERT_FILE": "/dev/null"}
        with pytest.raises(AssertionError, match="CERTIFICATE_VERIFY_FAILED"):
            program(HARD_CODED, distrusting)
        certificates = Path(chosen["SSL_CERT_FILE"])
        assert certificates.is_file()
        code, told = serving.stop()

    assert code == 130
    assert not certificates.parent.exists()
    assert told.count("tunnelled          api.openai.com:443") == 2
    assert "refused            no tunnel to elsewhere.example:443" in told
    assert "does the client read SSL_CERT_FILE?" in told


def test_the_extra_is_named_where_it_lacks(editor: Project) -> None:
    """Without what makes certificates: exit 2, and the line that installs it."""
    source = "import sys; sys.modules['trustme'] = None; from turnspec.cli.main import main; main()"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            source,
            "serve",
            "realtime",
            "--agent",
            "editor.yaml",
            "--as",
            "api.openai.com",
        ],
        cwd=editor.folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "making certificates needs an extra: pip install 'turnspec[tls]'\n"


def test_a_tunnel_that_is_cut_ends_nothing_else(editor: Project) -> None:
    """Noise instead of a request, and a client that goes away, leave the proxy as it was."""

    async def disturb(proxy: str, believing: ssl.SSLContext) -> None:
        host, port = proxy.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(believing, server_hostname="api.openai.com")
        reset = struct.pack("ii", 1, 0)  # no farewell
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        for noise in (b"\x16\x03\x01 not HTTP\r\n\r\n", b"CONNECT api.openai.com:443 HTTP/1.1\r\n", b""):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(noise)
            await writer.drain()
            writer.close()

    arguments = ("--agent", "editor.yaml", "--as", "api.openai.com")
    with served(editor.folder, "realtime", *arguments, settings=3) as serving:
        chosen = {name: serving.settings[name] for name in ("HTTPS_PROXY", "SSL_CERT_FILE")}
        believing = ssl.create_default_context(cafile=chosen["SSL_CERT_FILE"])
        asyncio.run(disturb(chosen["HTTPS_PROXY"], believing))
        assert program(HARD_CODED, chosen) == "No more messages.\n"
        code, told = serving.stop()

    assert code == 130
    assert "tunnel to api.openai.com broke: [Errno" not in told, "a client may leave as it likes"


HEARD = Happened(
    served_us=12_345_678,
    connection=7,
    at_us=5,
    event=CallerHeard(at_us=5, side=Side.MODEL, text="\x1b[2J\x9b31m hi \u202e", source="protocol"),
)


def test_a_line_of_the_live_log() -> None:
    """When, on which connection, who saw it, what it was, and the facts; nothing that moves a cursor."""
    line = line_of(HEARD)

    assert line.startswith("   12.346   #7 model caller-heard       text=")
    assert line.endswith(" source=protocol")
    assert line.isprintable()


def test_colour_is_for_terminals() -> None:
    """Only where asked for, and around the kind alone."""
    failed = Noted(served_us=0, connection=1, at_us=0, kind="failed", detail="RuntimeError: \x1b[31mboom")

    assert line_of(failed).isprintable()
    assert line_of(failed, coloured=True).count("\x1b[") == 2


def test_a_reader_that_goes_away(editor: Project) -> None:
    """What nobody can read any more is not served on; no traceback."""
    with served(editor.folder, "realtime", "--agent", "editor.yaml", settings=2) as serving:
        assert serving.process.stdout is not None
        assert serving.process.stderr is not None
        serving.process.stdout.close()
        with suppress(AssertionError, ConnectionClosed):  # whether it is still answered
            text_round(serving.settings, "messages")
        code = serving.process.wait(timeout=60)
        told = serving.process.stderr.read()

    assert code == 3
    assert told == "the log cannot be written: Broken pipe\n"
