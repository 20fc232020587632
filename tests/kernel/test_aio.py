"""What tool code awaits runs; what it leaves running lives on; a user's cell can await it."""

from __future__ import annotations

import asyncio

import pytest

from nbagent.kernel.aio import PrivateLoop
from tests.kernel.harness import LiveKernel

pytestmark = pytest.mark.kernel


def test_top_level_await_works_in_tool_code(kernel: LiveKernel) -> None:
    told = kernel.tool("import asyncio\nawait asyncio.sleep(0, result=42)")
    assert told.value == "42"
    kernel.cell("del asyncio")


def test_a_plain_nested_await_does_not(kernel: LiveKernel) -> None:
    """The positive control: why there is a private loop."""
    cell = kernel.cell("get_ipython().run_cell('import asyncio as _a; await _a.sleep(0)')")
    assert "already running" in cell.error


def test_a_server_that_a_tool_started_answers_the_next_user_cell(kernel: LiveKernel) -> None:
    kernel.tool(
        "import asyncio as _a\n"
        "async def _serve(r, w):\n    w.write(b'got ' + await r.readline()); w.close()\n"
        "_server = await _a.start_server(_serve, '127.0.0.1', 0)\n"
        "_port = _server.sockets[0].getsockname()[1]"
    )
    cell = kernel.cell(
        "_r, _w = await _a.open_connection('127.0.0.1', _port)\n"
        "_w.write(b'hello\\n'); print(await _r.read())"
    )
    assert cell.stdout == "b'got hello\\n'\n"
    kernel.tool("_server.close()")


def test_a_task_made_without_await_goes_on_and_the_next_call_sees_it(kernel: LiveKernel) -> None:
    kernel.tool(
        "import asyncio as _a\n_ticks = []\n"
        "async def _tick():\n    while True:\n        _ticks.append(1); await _a.sleep(0)\n"
        "_task = _a.create_task(_tick())"
    )
    kernel.cell("while len(_ticks) < 5: await _a.sleep(0.01)")
    told = kernel.tool(
        "_task.cancel()\ntry:\n    await _task\nexcept _a.CancelledError:\n    print('over')"
    )
    assert told.text == "over\n"


@pytest.mark.parametrize(
    "awaitable", ["_task", "_future", "_queue.get()", "_coroutine()", "_a.sleep(0, 'done')"]
)
def test_bridge_awaits_the_agents_things_in_a_user_cell(kernel: LiveKernel, awaitable: str) -> None:
    kernel.tool(
        "import asyncio as _a\n_queue = _a.Queue()\n"
        "_future = _a.get_running_loop().create_future()\n"
        "async def _coroutine(): return 'done'\n"
        "async def _later():\n    await _a.sleep(0.01)\n    await _queue.put('done')\n"
        "    _future.done() or _future.set_result('done')\n    return 'done'\n"
        "_task = _a.create_task(_later())"
    )
    cell = kernel.cell(
        f"from nbagent.kernel.aio import bridge as _bridge\nprint(await _bridge({awaitable}))"
    )
    assert cell.stdout == "done\n"
    kernel.cell("await _bridge(_task);")


def test_without_bridge_it_is_another_loops(kernel: LiveKernel) -> None:
    """The positive control: why there is a bridge."""
    kernel.tool("import asyncio as _a\n_other = _a.create_task(_a.sleep(60))")
    assert "different loop" in kernel.cell("await _other").error
    kernel.tool("_other.cancel();")


def test_bridge_raises_what_the_task_raised(kernel: LiveKernel) -> None:
    kernel.tool(
        "import asyncio as _a\nasync def _fail(): raise ValueError('no')\n"
        "_t = _a.create_task(_fail())"
    )
    cell = kernel.cell("from nbagent.kernel.aio import bridge as _bridge\nawait _bridge(_t)")
    assert cell.error == "ValueError: no"


def test_late_output_of_a_task_is_labelled(kernel: LiveKernel) -> None:
    kernel.tool(
        "import asyncio as _a\n_event = _a.Event()\n"
        "async def _wait():\n    await _event.wait()\n    print('task speaks')\n"
        "_w = _a.create_task(_wait())"
    )
    told = kernel.tool("_event.set(); await _w; print('own')")
    assert "[late output of a background task] task speaks\n" in told.text
    assert told.text.endswith("\nown\n")


def test_queued_user_cells_are_not_lost(kernel: LiveKernel) -> None:
    first = kernel.send("_tool('import asyncio as _a; await _a.sleep(0.05)')")
    second, third = kernel.send("print('second')"), kernel.send("print('third')")
    kernel.told(first)
    assert kernel.wait(second).stdout == "second\n"
    assert kernel.wait(third).stdout == "third\n"


def test_async_functions_are_awaited_when_invoked(kernel: LiveKernel) -> None:
    request = kernel.send("async def _f(): return 5\n_call(_f)")
    assert kernel.told(request).value == "5"


def test_an_interrupt_while_awaiting_leaves_the_loop_usable(kernel: LiveKernel) -> None:
    told = kernel.tool("import asyncio as _a\nawait _a.sleep(60)", limit_s=0.1)
    assert told.timed_out
    assert kernel.tool("await _a.sleep(0, 'fine')").value == "'fine'"


def test_a_loop_steps_inside_another_and_knows_when_it_has_work() -> None:
    private = PrivateLoop()
    assert not private.busy

    async def outer() -> list[str]:
        seen: list[str] = []

        async def inner() -> str:
            seen.append("inner")
            await asyncio.sleep(0)
            return "result"

        here = asyncio.get_running_loop()
        assert await private.join(inner()) == "result"
        assert asyncio.get_running_loop() is here
        assert asyncio.current_task() is not None
        return seen

    assert asyncio.run(outer()) == ["inner"]
    assert private.run(asyncio.sleep(0, "again")) == "again"
    private.loop.run_until_complete(asyncio.sleep(0))
    assert not private.busy
    private.loop.close()
