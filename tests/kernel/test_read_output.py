"""The tool that reads long outputs: in pieces, by a pattern, and nothing else on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel import spill
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.read_output import PIECE_BYTES, read_output_tool
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.kernel.spill import Spill, spill_dir
from nbagent.tools import ToolContext, ToolResult, Toolset
from tests.scripted import call, plain_shell


@pytest.fixture(scope="module")
def context() -> ToolContext:
    executor = LiveShell(plain_shell(), SystemClock(), Interrupts())
    return ToolContext(executor, lambda _: None)


def read(context: ToolContext, **arguments: object) -> ToolResult:
    import json  # noqa: PLC0415 -- only here

    asked = call("r:0", "read_output", json.dumps(arguments))
    return Toolset([read_output_tool()]).call(asked, context)


def kept(text: str) -> Path:
    output = Spill(str)
    output.write(text)
    output.close()
    return Path(output.path)


def test_what_the_note_names_can_be_read_in_pieces_to_the_end(context: ToolContext) -> None:
    code = {"code": "for i in range(10_000): print('line', i)"}
    result = run_python_tool().call(code, context)
    assert f"the whole output is in {result.spill}, and read_output reads it" in str(result.content)
    whole, offset, pieces = Path(result.spill).read_text(), 0, []
    while True:
        told = str(read(context, name=result.spill, offset=offset).content)
        body, _, note = told.rpartition("\n[bytes ")
        pieces.append(body)
        assert len(body.encode()) <= PIECE_BYTES
        if "go on with offset=" not in note:
            break
        offset = int(note.partition("offset=")[2].rstrip("]"))
    assert "".join(pieces) == whole
    assert note == f"{offset:,} to {len(whole):,} of {len(whole):,}]"


def test_no_character_is_lost_between_two_pieces(context: ToolContext) -> None:
    path = kept("zażółć, 第一步 🙂 " * 4)
    whole, offset, pieces = path.read_text(), 0, list[str]()
    while offset < path.stat().st_size:
        told = str(read(context, name=path.name, offset=offset, length=1 + len(pieces) % 7).content)
        piece, _, note = told.rpartition("\n[bytes ")
        pieces.append(piece)
        offset = int(note.partition(" to ")[2].partition(" of ")[0].replace(",", ""))
    assert "".join(pieces) == whole


def test_a_pattern_finds_lines_and_where_they_begin(context: ToolContext) -> None:
    path = kept("".join(f"row {i}: {'bad' if i % 1000 == 7 else 'ok'} ż\n" for i in range(4_000)))
    told = str(read(context, name=path.name, pattern=r"bad .$").content)
    lines = told.splitlines()
    assert [line.partition(",")[0] for line in lines[:-1]] == [
        f"line {n}" for n in (8, 1008, 2008, 3008)
    ]
    assert lines[-1] == "[4 lines fit]"
    one = read(context, name=path.name, pattern="row 7: bad")
    assert (str(one.content).splitlines()[-1], one.outcome) == ("[1 line fits]", "1 line")
    at = int(lines[1].partition("byte ")[2].partition(":")[0])
    piece = str(read(context, name=path.name, offset=at, length=12).content)
    assert piece.startswith("row 1007: ba")


def test_what_a_pattern_finds_is_bounded(context: ToolContext) -> None:
    path = kept("x" * 3_000_000 + "\n" + "hit\n" * 9_000)
    told = str(read(context, name=path.name, pattern="hit").content)
    assert len(told.encode()) < PIECE_BYTES + 200
    assert "9,000 lines fit, the first " in told
    assert "0 lines fit" in str(read(context, name=path.name, pattern="missing").content)
    wrong = read(context, name=path.name, pattern="(")
    assert wrong.is_error
    assert "cannot be read" in str(wrong.content)


def test_nothing_else_is_read(context: ToolContext, tmp_path: Path) -> None:
    secret = tmp_path / "output-secret.txt"
    secret.write_text("canary")
    folder = spill_dir()
    (folder / "notes.txt").write_text("canary")
    (folder / "output-link.txt").unlink(missing_ok=True)
    (folder / "output-link.txt").symlink_to(secret)
    (folder / "output-pipe.txt").unlink(missing_ok=True)
    os.mkfifo(folder / "output-pipe.txt")
    (folder / "output-folder.txt").mkdir(exist_ok=True)
    escapes = (
        *(str(secret), "notes.txt", "output-link.txt", "output-pipe.txt", "output-folder.txt"),
        *("", ".", "..", "/etc/passwd", "../output-secret.txt", f"{folder}/../spill/output-a.txt"),
        *(f"{folder}/output-link.txt", "output-link.txt\0", "output-../x.txt", "output-nobody.txt"),
        *(f"output-{'x' * 300}.txt", f"{folder}//output-link.txt", "OUTPUT-LINK.TXT"),
        os.path.relpath(secret, folder),
    )
    for name in escapes:
        for arguments in ({"name": name}, {"name": name, "pattern": "canary"}):
            result = read(context, **arguments)
            assert result.is_error, name
            assert "canary" not in str(result.content).replace(name, ""), name
    (folder / "output-folder.txt").rmdir()
    good = kept("canary")  # the control: what is its own it does read
    assert "canary" in str(read(context, name=good.name).content)


def test_the_tool_only_looks() -> None:
    assert read_output_tool().effect == "pure"
    assert read_output_tool().changes({"name": "output-x.txt"}) == ""


def test_the_outputs_of_a_long_run_are_kept_and_the_oldest_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert spill.MAX_FILES >= 1_000
    monkeypatch.setattr(spill, "MAX_FILES", 4)
    paths = [kept(f"{i}") for i in range(6)]
    for i, path in enumerate(paths):
        if path.exists():
            os.utime(path, (i, i))
    last = kept("last")
    assert last.exists()
    assert not paths[0].exists()
    assert len(list(spill_dir().glob("output-*.txt"))) <= 4
