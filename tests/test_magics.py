"""The magics in a real kernel, as a person uses them: what they answer, keep, send and refuse."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons.control import clear, ledger, order, set_pace
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import LiveKernel

pytestmark = pytest.mark.kernel
TRACE = "application/vnd.nbagent.trace+json"


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\nimport pandas as pd\ndf = pd.DataFrame({'a': [1, None, 3]})")
    yield kernel
    kernel.close()


@pytest.fixture
def lesson(kernel: LiveKernel) -> Iterator[LiveKernel]:
    kernel.run("%kimi use lesson\n%kimi reset")
    yield kernel
    kernel.run("%config Kimi.max_steps = None\n%kimi reset")


@pytest.fixture
def server() -> Server:
    server = ensure(SystemClock())
    clear(server)
    return server


def n_chats(server: Server) -> int:
    return sum(entry["path"].endswith("/chat/completions") for entry in ledger(server))


def test_one_display_and_the_run_is_underscore(lesson: LiveKernel) -> None:
    cell = lesson.run("%%kimi how many rows has df?")
    assert cell.reply["status"] == "ok"
    assert [output["output_type"] for output in cell.outputs] == ["display_data"]
    assert set(cell.traces[0]) == {TRACE, "text/html", "text/markdown", "text/plain"}
    seen = lesson.run("print(type(_).__name__, '|', str(_), '|', Out[max(Out)] is _)").text
    assert seen.startswith("Run | ")
    assert "3" in seen
    assert seen.strip().endswith("True")


def test_underscore_goes_on_working_afterwards(lesson: LiveKernel) -> None:
    lesson.run("%%kimi how many rows has df?")
    assert lesson.run("40 + 2").text.strip() == "42"
    assert lesson.run("print(_)").text.strip() == "42"


def test_a_scripted_run_says_so_in_every_form(lesson: LiveKernel) -> None:
    data = lesson.run("%%kimi --out r\nhow many rows has df?").traces[0]
    for mime in ("text/html", "text/markdown", "text/plain"):
        assert "SCRIPTED" in data[mime][:600].replace("<b>", ""), mime
    assert lesson.run("print(r.metrics()['run']['cost_usd'])").text.strip() == "None"
    assert lesson.run("print(r.started.model, r.started.scripted)").text.strip() == "scripted True"


def test_variables_of_the_agent_stay_and_counters_do_not_move(lesson: LiveKernel) -> None:
    before = lesson.run("print(get_ipython().execution_count)").text
    lesson.run("%%kimi lesson repair")
    after = lesson.run("print(get_ipython().execution_count)").text
    assert int(after) - int(before) == 2
    assert lesson.run("drill_prices").text.strip() == "[3, 4, '5']"


@pytest.mark.long
def test_conversation_goes_on_and_a_cell_run_again_replaces_its_turn(lesson: LiveKernel) -> None:
    lesson.run("%%kimi how many rows has df?", cell_id="a")
    lesson.run("%%kimi describe df", cell_id="b")
    again = lesson.run("%%kimi describe df", cell_id="b")
    assert "replaces the run of this cell" in json.dumps(again.traces[0][TRACE])
    said = "[m['content'] for m in _.messages if m['role'] == 'user']"
    assert lesson.run(f"print({said})").text.count("describe df") == 1
    fresh = lesson.run("%%kimi --new how many rows has df?", cell_id="c")
    assert fresh.reply["status"] == "ok"
    assert (
        lesson.run("print(len([m for m in _.messages if m['role'] == 'user']))").text == "1\n\n\n"
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%kimi", "The cell asks for nothing"),
        ("%%kimi --max-step 3 go", "Did you mean --max-steps?"),
        ("%%kimi --max-tokens 10 go", "Use 16000 or more"),
        ("%%kimi --endpoint moonshoot go", "Did you mean 'moonshot'?"),
        ("%%kimi --tools nothing_here go", "no function called nothing_here"),
        ("%%kimi what is in @dff ?", "df"),
        ("%kimi tols", "Did you mean `%kimi tools`?"),
        ("%kimi what is in df?", "%%kimi\nwhat is in df?"),
        ("%kimi login sk-123456789", "it would stay in the notebook"),
    ],
)
def test_what_cannot_work_is_said_in_words_and_nothing_is_sent(
    lesson: LiveKernel, server: Server, cell: str, words: str
) -> None:
    result = lesson.run(cell, answer=lambda _: "")
    assert words in result.text
    assert "Traceback" not in result.text
    assert result.reply["status"] == "error"
    assert n_chats(server) == 0


def test_headless_without_a_key_is_an_error_and_binds_no_answer(kernel: LiveKernel) -> None:
    kernel.run(
        "%kimi use moonshot\nget_ipython().find_line_magic('kimi').__self__.session.chosen.clear()"
    )
    kernel.run("'before'")
    cell = kernel.run("%%kimi how many rows has df?")
    assert cell.reply["status"] == "error"
    assert "nothing was sent and no answer was made" in cell.text
    assert cell.traces == []
    assert kernel.run("print(_)").text.strip() == "before"


def test_an_interactive_kernel_without_a_key_gets_the_stand_in_and_is_told(
    kernel: LiveKernel,
) -> None:
    kernel.run("get_ipython().find_line_magic('kimi').__self__.session.chosen.clear()")
    cell = kernel.run("%%kimi how many rows has df?", answer=lambda _: "")
    assert "No Kimi key found, so this is a scripted stand-in" in cell.traces[0]["text/html"]
    explicit = kernel.run("%%kimi --endpoint moonshot how many rows?", answer=lambda _: "")
    assert "No key for api.moonshot.ai" in explicit.text


def test_a_key_typed_hidden_is_nowhere_to_be_found(tmp_path: Path) -> None:
    key = "sk-canary-0123456789abcdef"
    kernel = LiveKernel({"JUPYTER_DATA_DIR": str(tmp_path)})
    try:
        kernel.run("%load_ext nbagent")
        cell = kernel.run("%kimi login", answer=lambda _: key)
        assert cell.prompts == ["Key for api.moonshot.ai (hidden): "]
        kernel.run("%%kimi use lesson")
        shown = kernel.run(f"print('{key[:10]}' + '{key[10:]}')\n%kimi\nIn, Out")
        status = kernel.run("%kimi").text
        assert "found" in status
        assert key not in status + cell.text
        assert key not in json.dumps(kernel.run("print(In)").text.replace(key[:10], ""))
        assert key in shown.text  # the user's own print is theirs
        stored = [
            p for p in tmp_path.rglob("*") if p.is_file() and key in p.read_text(errors="ignore")
        ]
        assert stored == []
    finally:
        kernel.close()


def test_tool_results_are_masked_on_their_way_to_screen_and_model(tmp_path: Path) -> None:
    kernel = LiveKernel({"MY_API_KEY": "canary-value-0123456789"})
    try:
        kernel.run(
            "%load_ext nbagent\n%kimi use lesson\nimport os\nsecret = os.environ['MY_API_KEY']"
        )
        cell = kernel.run("%%kimi --out r\nshow secret")
        assert "canary-value" not in json.dumps(cell.outputs)
        sent = kernel.run("print('canary-value' in str([q.json() for q in r.requests]))").text
        assert sent.strip() == "False"
    finally:
        kernel.close()


def test_dry_run_shows_the_request_and_sends_nothing(lesson: LiveKernel, server: Server) -> None:
    cell = lesson.run("%%kimi --dry-run what is in df?")
    assert "Nothing was sent" in cell.text
    assert '"thinking"' in cell.text
    assert n_chats(server) == 0
    lesson.run("%%kimi how many rows has df?")
    assert lesson.run("print(_.messages[1]['content'])").text.startswith("how")


@pytest.mark.long
def test_limits_end_a_headless_run_and_ask_an_interactive_one(lesson: LiveKernel) -> None:
    cell = lesson.run("%%kimi --max-steps 2 lesson long 6")
    assert "2 steps limit reached after 2 steps" in cell.text

    def yes(prompt: str) -> str:
        return "y " + prompt.split("Type: y ")[1].split(maxsplit=1)[0]

    cell = lesson.run("%%kimi --new --max-steps 4 lesson long 6", answer=yes)
    assert len(cell.prompts) == 1
    assert "Go on for another 4 steps?" in cell.prompts[0]
    assert "sum of 1 to 6 is" in cell.text


@pytest.mark.long
def test_an_answer_to_an_older_prompt_is_not_taken(lesson: LiveKernel) -> None:
    given = iter(["y zz9", "no"])
    cell = lesson.run("%%kimi --max-steps 2 lesson long 6", answer=lambda _: next(given))
    assert len(cell.prompts) == 2
    assert "limit reached" in cell.text


def test_an_interrupt_stops_the_run_and_the_next_one_goes_on(lesson: LiveKernel) -> None:
    server = ensure(SystemClock())
    set_pace(server, 20.0, 0.2)
    try:
        fired = threading.Event()

        def stop(content: Any) -> None:
            if not fired.is_set() and "Thinking" in json.dumps(content):
                fired.set()
                lesson.interrupt()

        cell = lesson.run("%%kimi lesson long 5", on_output=stop)
    finally:
        set_pace(server, float("inf"))
    assert fired.is_set()
    assert cell.reply["status"] == "ok"
    assert "Stopped by you" in cell.text
    again = lesson.run("%%kimi how many rows has df?")
    assert again.reply["status"] == "ok"
    assert "3" in again.text


def test_an_interrupt_ends_a_running_tool(lesson: LiveKernel, server: Server) -> None:
    code = "kept = 1\nprint('be' + 'gun', flush=True)\nimport time; time.sleep(60)"
    order(server, {"kind": "turn", "reasoning": "Wait.", "calls": [["run_python", {"code": code}]]})
    fired = threading.Event()

    def stop(content: Any) -> None:
        if not fired.is_set() and "begun" in json.dumps(content["data"][TRACE]):
            fired.set()
            lesson.interrupt()

    cell = lesson.run("%%kimi --out r\nwait a minute", on_output=stop)
    assert fired.is_set()
    assert "Stopped by you" in cell.text
    assert lesson.run("kept").text.strip() == "1"
    last = lesson.run("print(r.messages[-1]['role'], r.messages[-1]['content'])").text
    assert last.startswith("tool ")
    assert "topped by the user" in last


def test_functions_of_the_notebook_are_offered(lesson: LiveKernel) -> None:
    lesson.run("def total(x: list[int]) -> int:\n    '''Add numbers.'''\n    return sum(x)")
    cell = lesson.run("%%kimi --tools total --dry-run add 1 and 2")
    assert '"total"' in cell.text
    assert '"Add numbers."' in cell.text


def test_a_loop_of_ones_own_runs(lesson: LiveKernel) -> None:
    lesson.run(
        "from nbagent import Act, Ask\n"
        "def mine(messages, tools):\n"
        "    while True:\n"
        "        reply = yield Ask(messages, tools)\n"
        "        messages.append(reply)\n"
        "        if not reply.get('tool_calls'):\n"
        "            return reply\n"
        "        for call in reply['tool_calls']:\n"
        "            messages.extend((yield Act([call])))\n"
    )
    assert "root of their sum" in lesson.run("%%kimi --loop mine lesson parallel").text


@pytest.mark.long
def test_show_draws_a_run_again_also_from_disk(lesson: LiveKernel) -> None:
    lesson.run("%%kimi --out shown\nhow many rows has df?")
    again = lesson.run("%kimi show")
    assert again.traces
    name = lesson.run("print(shown.run_id)").text.strip()
    other = LiveKernel()
    try:
        from_disk = other.run(f"%load_ext nbagent\n%kimi show {name}")
        assert from_disk.traces[0]["text/plain"] == again.traces[0]["text/plain"]
    finally:
        other.close()


def test_settings_come_from_line_then_config_then_environment(lesson: LiveKernel) -> None:
    lesson.run("%config Kimi.max_steps = 2")
    assert "2 steps limit" in lesson.run("%%kimi lesson long 6").text
    assert "3 steps limit" in lesson.run("%%kimi --new --max-steps 3 lesson long 6").text
    options = lesson.run("%config Kimi").text
    assert "Kimi.max_usd" in options


@pytest.mark.long
def test_a_conversation_has_limits_of_its_own(lesson: LiveKernel) -> None:
    lesson.run("%config Kimi.conversation_max_steps = 3")
    try:
        assert "limit" not in lesson.run("%%kimi how many rows has df?").text
        text = lesson.run("%%kimi lesson long 6").text
        assert "3 steps limit of this conversation reached after 3 steps" in text
        assert "limit" not in lesson.run("%%kimi --new how many rows has df?").text
    finally:
        lesson.run("%config Kimi.conversation_max_steps = None")


@pytest.mark.long
def test_a_conversation_begins_from_a_file(lesson: LiveKernel, tmp_path: Path) -> None:
    path = tmp_path / "a chat.json"
    messages = [
        {"role": "system", "content": "Be somebody else."},
        {"role": "user", "content": "Which month was warmest?"},
        {"role": "tool", "tool_call_id": "x", "content": "July"},
        {"role": "assistant", "content": "July."},
    ]
    path.write_text(json.dumps({"messages": messages}))
    told = lesson.run(f"%kimi import {path}").text
    assert "Conversation main begins with 3 messages of a chat.json" in told
    assert "message 2: a result without its call became a message of the user" in told
    lesson.run("%%kimi --out begun\nhow many rows has df?")
    lesson.run("%%kimi how many rows has df?")
    for name in ("begun", "_"):
        roles = lesson.run(f"print([m['role'] for m in {name}.messages][:5])").text
        assert roles.strip() == "['system', 'user', 'user', 'assistant', 'user']"
    said = lesson.run("print('somebody else' in str(begun.messages), begun.finished.reason)").text
    assert said.strip() == "False answer"
    assert "no history" in lesson.run(f"%kimi import {_written(tmp_path, '3')}").text
    assert "needs a file" in lesson.run("%kimi import").text


def _written(folder: Path, text: str) -> Path:
    path = folder / "other.json"
    path.write_text(text)
    return path


def test_help_lists_every_option(lesson: LiveKernel) -> None:
    pages = lesson.run("%%kimi?").reply["payload"]
    text = pages[0]["data"]["text/plain"]
    assert all(option in text for option in ("--max-usd", "--tools", "--dry-run", "--endpoint"))


def test_tab_completes_options_and_names(lesson: LiveKernel) -> None:
    def complete(code: str) -> list[str]:
        message_id = lesson.client.complete(code, len(code))
        while True:
            reply = lesson.client.get_shell_msg(timeout=20)
            if reply["parent_header"].get("msg_id") == message_id:
                return list(reply["content"]["matches"])

    assert "--max-steps" in complete("%%kimi --max")
    assert any(match.endswith("show") for match in complete("%kimi sh"))


def test_allowed_hosts_refuse_others(lesson: LiveKernel) -> None:
    cell = lesson.run(
        "%config Kimi.allowed_hosts = ['api.moonshot.cn']\n"
        "get_ipython().run_cell_magic('kimi', '--endpoint https://example.org/v1', 'go')"
    )
    lesson.run("%config Kimi.allowed_hosts = []")
    assert "example.org is not among the allowed hosts" in cell.text


def test_no_key_in_the_environment_of_these_tests() -> None:
    assert "MOONSHOT_API_KEY" not in os.environ


def test_undo_puts_rebound_names_back(lesson: LiveKernel, server: Server) -> None:
    code = "keep = 5\nbox.append(1)\ndel gone\nnew = 1"
    order(server, {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": code}]]})
    lesson.run("keep, box, gone = 1, [], 2")
    lesson.run("%%kimi --ask never\nlesson repair")
    assert "(5, [1])" in lesson.run("(keep, box)").text
    said = lesson.run("%kimi undo").text
    assert "Put back as before the last run: " in said
    assert "keep, gone." in said
    assert "Changed within, which cannot be taken back: box." in said
    assert "(1, 2, [1], 1)" in lesson.run("(keep, gone, box, new)").text
    assert "no run to undo" in lesson.run("%kimi undo").text


def test_continue_asks_anew_what_was_never_answered(lesson: LiveKernel, server: Server) -> None:
    order(server, {"kind": "quota"})
    lesson.run("%kimi reset")
    lesson.run("%%kimi\nlesson repair")
    lesson.run("%kimi continue")
    body = json.loads(ledger(server)[0]["body"])
    again = json.loads(ledger(server)[-1]["body"])
    assert body["messages"][1]["content"] == again["messages"][1]["content"] == "lesson repair"


def test_continue_goes_on_in_the_same_conversation(lesson: LiveKernel, server: Server) -> None:
    assert "nothing to go on with" in lesson.run("%kimi reset\n%kimi continue").text
    lesson.run("%%kimi\nlesson repair")
    cell = lesson.run("%kimi continue")
    assert cell.traces
    assert "Go on where you stopped." in lesson.run("print(_.started.prompt)").text
    bodies = [json.loads(entry["body"]) for entry in ledger(server) if entry["body"]]
    assert [m["content"] for m in bodies[-1]["messages"] if m["role"] == "user"] == [
        "lesson repair",
        "Go on where you stopped.",
    ]


def test_headless_a_question_is_answered_with_no(lesson: LiveKernel, server: Server) -> None:
    turn = {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": "made = 1"}]]}
    order(server, turn)
    lesson.run("%%kimi --ask always\nlesson repair")
    said = lesson.run("print([m['content'] for m in _.messages if m['role'] == 'tool'])").text
    assert "Denied: nobody is here to ask" in said
    assert "not defined" in lesson.run("made").text


def asked_code(server: Server, code: str) -> None:
    order(server, {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": code}]]})


def test_risky_code_is_asked_about_and_other_code_is_not(
    lesson: LiveKernel, server: Server
) -> None:
    told = "print([m['content'] for m in _.messages if m['role'] == 'tool'])"
    asked_code(server, "fresh = df.dropna()\nprint(len(fresh))")
    lesson.run("%%kimi -n\nlesson repair")
    assert "['2" in lesson.run(told).text
    asked_code(server, "df['a'] = 0")
    lesson.run("%%kimi -n\nlesson repair")
    assert "Denied: nobody is here to ask: changes your variables (df, line 1)" in (
        lesson.run(told).text
    )
    assert "[1.0, nan, 3.0]" in lesson.run("print(df['a'].tolist())").text


def test_a_plan_looks_and_changes_nothing(lesson: LiveKernel, server: Server) -> None:
    told = "print([m['content'] for m in _.messages if m['role'] == 'tool'])"
    asked_code(server, "df.describe()")
    lesson.run("%%kimi -n --plan\nlesson repair")
    assert "count" in lesson.run(told).text
    asked_code(server, "made_by_a_plan = 1")
    lesson.run("%%kimi -n --plan\nlesson repair")
    assert "Denied: this run only plans, and the call sets the name made_by_a_plan" in (
        lesson.run(told).text
    )
    assert "not defined" in lesson.run("made_by_a_plan").text


def test_a_long_run_is_compacted_and_a_person_sees_what_became_of_it(lesson: LiveKernel) -> None:
    lesson.run("%config Kimi.max_context_tokens = 3600")
    try:
        data = lesson.run("%%kimi --out r\nlesson long 15").traces[0]
        assert "1 to 15 is **120**" in data["text/plain"]
        said = lesson.run("print([e.text for e in r.events if e.kind == 'compacted'])").text
        assert "Kept in full: your goal" in said
        assert "Context compacted 1 time; nothing is lost" in data["text/html"]
        assert "What requests carry instead:" in data["text/html"]
        history = lesson.run("%kimi history").text
        assert history.count("(summarised) ") > 10
        assert history.count("lesson long 15") == 1
        assert "of 3,600 tokens" in lesson.run("%kimi").text
        assert "from cache" in lesson.run("%kimi").text
    finally:
        lesson.run("%config Kimi.max_context_tokens = None")


@pytest.mark.long
def test_a_conversation_is_compacted_when_a_person_says_so(lesson: LiveKernel) -> None:
    steps = "print([e.step for e in r.events if e.kind == 'compacted'])"
    lesson.run("%%kimi --out r\nlesson long 14")
    assert lesson.run(steps).text.strip() == "[]"
    told = lesson.run("%kimi compact").text
    assert "older messages of conversation main become a summary" in told
    lesson.run("%%kimi --out r\nlesson parallel")
    assert lesson.run(steps).text.strip() == "[1]"
    assert lesson.run("print(r.answer)").text.startswith("The squares are 9, 16 and 144")
    assert lesson.run("print(r.requests[0].n < 25 < len(r.messages))").text.strip() == "True"
    lesson.run("%%kimi --out r\nlesson parallel")
    assert lesson.run(steps).text.strip() == "[]"
    assert lesson.run("print(r.requests[0].n < 31 < len(r.messages))").text.strip() == "True"


def test_there_must_be_something_to_compact(lesson: LiveKernel) -> None:
    assert "There is nothing to compact." in lesson.run("%kimi compact").text
