"""Virtual time: exact, always the same, and honest about what it cannot include."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import pickle
import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_virtual import now_us, virtually
from turnspec.run.errors import ForeignWork, VirtualDeadlock, VirtualStandstill
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


class TestTime:
    """The clock."""

    def test_begins_at_zero_and_jumps(self) -> None:
        """An hour passes in an instant, to the microsecond."""

        async def main() -> tuple[int, int]:
            began = now_us()
            await asyncio.sleep(3600.000001)
            return began, now_us()

        real = time.monotonic()
        assert virtually(main()) == (0, 3_600_000_001)
        assert time.monotonic() - real < 5

    def test_steps_do_not_drift(self) -> None:
        """A hundred thousand sleeps of 20 ms are exactly 2,000 s."""

        async def main() -> float:
            for _ in range(100_000):
                await asyncio.sleep(0.02)
            return asyncio.get_running_loop().time()

        assert virtually(main()) == 2000.0

    @given(st.lists(st.integers(0, 50), max_size=30))
    def test_timers_ring_in_order_of_time_then_of_setting(self, delays_ms: list[int]) -> None:
        """Equal instants keep the order in which they were set; each rings exactly when due."""

        async def main() -> list[tuple[int, int]]:
            rung: list[tuple[int, int]] = []

            def ring(index: int) -> None:
                rung.append((now_us(), index))

            loop = asyncio.get_running_loop()
            for index, delay in enumerate(delays_ms):
                loop.call_later(delay / 1000, ring, index)
            await asyncio.sleep(0.051)
            return rung

        assert virtually(main()) == sorted((ms * 1000, index) for index, ms in enumerate(delays_ms))

    def test_a_cancelled_timer_moves_no_clock(self) -> None:
        """A time-out that was not needed leaves no trace in time."""

        async def main() -> int:
            async with asyncio.timeout(1000):
                await asyncio.sleep(0.25)
            await asyncio.sleep(0.25)
            return now_us()

        assert virtually(main()) == 500_000

    def test_a_timeout_cancels_exactly_then(self) -> None:
        """`asyncio.timeout` works as on any loop."""

        async def main() -> int:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.75):
                    await asyncio.Event().wait()
            return now_us()

        assert virtually(main()) == 750_000

    def test_a_task_group_fails_at_the_instant_of_its_failure(self) -> None:
        """Siblings are cancelled, in the order in which they were begun, at the time of the error."""
        ended: list[tuple[int, int]] = []

        async def wait(index: int) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append((index, now_us()))

        async def fail() -> None:
            await asyncio.sleep(0.5)
            raise LookupError("broken")

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for index in range(20):
                    group.create_task(wait(index))
                group.create_task(fail())

        with pytest.raises(ExceptionGroup) as caught:
            virtually(main())
        assert [str(error) for error in caught.value.exceptions] == ["broken"]
        assert ended == [(index, 500_000) for index in range(20)]


class TestStuck:
    """When nothing can happen any more, or nothing but noise."""

    def test_a_deadlock_names_who_waits_and_where(self) -> None:
        """The message leads to the line that waits."""

        async def listen(queue: asyncio.Queue[str]) -> str:
            return await queue.get()

        async def main() -> None:
            await asyncio.sleep(1.5)
            task = asyncio.create_task(listen(asyncio.Queue()), name="the caller")
            await task

        with pytest.raises(VirtualDeadlock) as caught:
            virtually(main())
        error = caught.value
        assert error.at_us == 1_500_000
        assert len(error.waiting) == 2
        assert error.waiting[1].startswith("the caller: ")
        assert "listen > Queue.get (test_virtual.py:" in error.waiting[1]
        assert "1500000 us into virtual time" in str(error)

    def test_a_deadlock_lets_tasks_close_their_record(self) -> None:
        """The tasks are cancelled, so that `finally` blocks run."""
        record: list[str] = []

        async def main() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                record.append("closed")

        with pytest.raises(VirtualDeadlock):
            virtually(main())
        assert record == ["closed"]

    def test_polling_without_time_is_named(self) -> None:
        """A task that spins on `sleep(0)` ends in an error, not in a hang."""

        async def spin() -> None:
            for _ in range(10_000):
                await asyncio.sleep(0)

        with pytest.raises(VirtualStandstill, match="spin"):
            run_on(lambda: VirtualLoop(standstill_turns=1000), spin())

    def test_errors_cross_processes_whole(self) -> None:
        """A worker's error arrives with its facts."""
        error = pickle.loads(pickle.dumps(VirtualDeadlock(7, ("a: b",))))
        assert isinstance(error, VirtualDeadlock)
        assert (error.at_us, error.waiting, str(error)) == (7, ("a: b",), str(VirtualDeadlock(7, ("a: b",))))


class TestThreads:
    """Executor jobs are waited for; other threads are refused."""

    def test_a_job_is_waited_for_and_costs_no_virtual_time(self) -> None:
        """A timer that is due in a millisecond waits for a job that takes 50 real ones."""

        def compute() -> str:
            time.sleep(0.05)
            return "computed"

        async def main() -> tuple[str, int, list[str]]:
            order: list[str] = []
            asyncio.get_running_loop().call_later(0.001, order.append, "timer")
            result = await asyncio.to_thread(compute)
            order.append("job")
            at = now_us()
            await asyncio.sleep(1)
            return result, at, order

        assert virtually(main()) == ("computed", 0, ["job", "timer"])

    def test_jobs_report_in_the_order_in_which_they_were_begun(self) -> None:
        """A quick job does not overtake a slow one."""
        order: list[str] = []

        async def run(name: str, seconds: float) -> None:
            await asyncio.to_thread(time.sleep, seconds)
            order.append(name)

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(run("slow", 0.08))
                group.create_task(run("quick", 0.0))

        virtually(main())
        assert order == ["slow", "quick"]

    def test_a_job_of_another_executor_raises_to_its_caller(self) -> None:
        """What a job raises comes to who awaits it."""

        def fail() -> None:
            raise LookupError("no such card")

        async def main() -> None:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                await asyncio.get_running_loop().run_in_executor(pool, fail)

        with pytest.raises(LookupError, match="no such card"):
            virtually(main())

    def test_a_cancelled_job_is_not_waited_for(self) -> None:
        """Whoever gives up a job goes on at once."""
        release = threading.Event()

        async def main() -> int:
            job = asyncio.create_task(asyncio.to_thread(release.wait, 30))
            await asyncio.sleep(0)
            job.cancel()
            await asyncio.sleep(2)
            release.set()
            return now_us()

        assert virtually(main()) == 2_000_000

    def test_a_job_that_never_ends_is_named(self) -> None:
        """Waiting in real time has a bound."""
        release = threading.Event()

        def brood() -> None:
            release.wait(30)

        async def main() -> None:
            try:
                await asyncio.to_thread(brood)
            finally:
                release.set()

        with pytest.raises(ForeignWork, match=r"job '.*brood', not done after 0.05 s"):
            run_on(lambda: VirtualLoop(job_patience_s=0.05), main())

    def test_a_foreign_thread_is_refused_by_name(self) -> None:
        """Both the thread and the run get the error, so that neither goes on with a wrong result."""
        refused: list[str] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            event = asyncio.Event()

            def call_back() -> None:
                try:
                    loop.call_soon_threadsafe(event.set)
                except ForeignWork as error:
                    refused.append(error.work)

            thread = threading.Thread(target=call_back, name="microphone")
            thread.start()
            thread.join()
            await event.wait()

        with pytest.raises(ForeignWork, match="'microphone', which calls"):
            virtually(main())
        assert refused == ["the thread 'microphone', which calls Event.set in the loop"]

    def test_calls_from_its_own_thread_are_allowed(self) -> None:
        """`call_soon_threadsafe` is harmless where no other thread is."""

        async def main() -> str:
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon_threadsafe(future.set_result, "here")
            result: str = await future
            return result

        assert virtually(main()) == "here"


class TestOutside:
    """What lies outside of the loop is refused by name, even where the code under test hides the error."""

    @pytest.mark.parametrize(
        ("attempt", "named"),
        [
            (lambda _: asyncio.open_connection("api.example.com", 443), "api.example.com:443"),
            (lambda _: asyncio.open_connection("10.1.2.3", 80), "10.1.2.3:80"),
            (
                lambda _: asyncio.open_connection("localhost", 80, ssl=True),
                "a TLS connection to localhost:80",
            ),
            (lambda _: asyncio.create_subprocess_exec("ls", "-l"), "the subprocess ls -l"),
            (lambda _: asyncio.create_subprocess_shell("ls -l"), "the subprocess ls -l"),
            (lambda _: asyncio.open_unix_connection("/run/x.sock"), "/run/x.sock"),
            (lambda loop: loop.getaddrinfo("example.com", 80), "the address of 'example.com'"),
            (lambda loop: loop.create_datagram_endpoint(asyncio.DatagramProtocol), "UDP"),
            (lambda loop: loop.sock_connect(None, ("127.0.0.1", 9)), r"\('127.0.0.1', 9\)"),
            (lambda loop: loop.create_server(asyncio.Protocol, port=1, ssl=True), "TLS on None:1"),
        ],
    )
    def test_is_refused(self, attempt: Any, named: str) -> None:
        """The error names what was tried; swallowing it does not help."""

        async def main() -> None:
            with contextlib.suppress(Exception):  # as careless code under test does
                await attempt(asyncio.get_running_loop())
            await asyncio.sleep(1)

        with pytest.raises(ForeignWork, match=named):
            virtually(main())

    def test_a_refusal_hidden_at_the_very_end_still_comes_out(self) -> None:
        """Also when the code under test turns it into a result and ends, with no time passing."""

        async def main() -> str:
            with contextlib.suppress(ForeignWork):
                await asyncio.open_connection("api.example.com", 443)
            return "all well"

        with pytest.raises(ForeignWork, match="a connection to api"):
            virtually(main())

    def test_a_refusal_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        """However deep in tasks it lies, and whatever ends after it, no traceback is printed besides."""

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.open_connection("api.example.com", 80))
                try:
                    await asyncio.sleep(1)
                finally:
                    await asyncio.sleep(1)

        with pytest.raises(ForeignWork, match="a connection to api"):
            virtually(main())
        assert caplog.records == []

    def test_watching_a_descriptor_is_refused(self) -> None:
        """A real socket's readiness is nothing that virtual time can wait for."""
        near, far = socket.socketpair()

        async def main() -> None:
            asyncio.get_running_loop().add_reader(near, print)

        with near, far, pytest.raises(ForeignWork, match="reading from file descriptor"):
            virtually(main())

    def test_a_real_socket_given_to_asyncio_is_refused(self) -> None:
        """Also where asyncio would only notice inside a callback."""
        near, far = socket.socketpair()

        async def main() -> None:
            await asyncio.open_connection(sock=near)

        with near, far, pytest.raises(ForeignWork, match="a socket made elsewhere"):
            virtually(main())

    def test_a_closed_port_of_this_machine_refuses_as_the_system_does(self) -> None:
        """A client that tries until its server is up works, and one that does not is told why."""

        async def main() -> str:
            with pytest.raises(ConnectionRefusedError) as caught:
                await asyncio.open_connection("localhost", 4242)
            return str(caught.value)

        assert "nothing in this event loop serves localhost:4242" in virtually(main())
