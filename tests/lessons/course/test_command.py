"""`nbagent lessons` as people type it: list, copy, reset, new, grade, serve."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from nbagent.cli import main, nbagent
from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.classroom import Classroom
from nbagent.lessons.course.progress import Progress, tried
from tests.lessons.course.running import errors, executed, verdicts

FOLDER = exercises.FOLDER_VARIABLE


def typed(*words: str, keys: str = "") -> Result:
    return CliRunner().invoke(nbagent, ["lessons", *words], input=keys)


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")


def test_list_shows_what_was_done() -> None:
    assert "✔ done" not in typed("list").output
    for name in ("01a", "01b"):
        Progress().note(name, lambda mark: tried(mark, passed=True))
    lines = typed("list").output.splitlines()
    assert [line[:2] for line in lines] == exercises.numbers()
    assert "✔ done" in lines[0]
    assert "0 of" in lines[1]


def test_copy_makes_clean_notebooks_of_all_or_of_some(tmp_path: Path) -> None:
    assert typed("copy", "1", "03", "-o", "some").exit_code == 0
    names = sorted(path.name for path in Path("some").iterdir())
    assert [name[:2] for name in names] == ["01", "03"]
    assert typed("copy").exit_code == 0
    assert len(list(Path().glob("*.ipynb"))) == len(exercises.numbers())


def test_copy_asks_and_goes_on_after_a_no() -> None:
    typed("copy", "01")
    notebook = next(Path().glob("01_*"))
    notebook.write_text("mine")
    answered = typed("copy", "01", "02", keys="n\n")
    assert answered.exit_code == 0
    assert f"Left as it is: {notebook.name}" in answered.output
    assert notebook.read_text() == "mine"
    assert list(Path().glob("02_*"))
    assert not list(Path().glob("*.before-*"))


def test_copy_of_a_lesson_that_is_not_there_copies_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lessons", "copy", "01", "99"]) == 2
    assert "no notebook of lesson '99'" in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_reset_restores_the_starter_and_keeps_each_old_file() -> None:
    typed("copy", "03")
    path = next(Path().glob("03_*"))
    starter = path.read_text()
    for text in ("first", "second"):
        path.write_text(text)
        told = typed("reset", "03").output
        assert path.read_text() == starter
        assert "before-" in told
    kept = sorted(each.read_text() for each in Path().glob("*.before-*"))
    assert kept == ["first", "second"]


@pytest.mark.parametrize("title", ["Our data", 'A / B\'s "best" \\', "…"])
def test_new_makes_files_that_load(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = typed("new", "21", title)
    assert made.exit_code == 0, made.output
    assert FOLDER in made.output
    monkeypatch.setenv(FOLDER, "lesson-21")
    assert exercises.lesson("21").title == title
    assert "21" in typed("list").output
    assert typed("copy", "21", "-o", "mine").exit_code == 0
    assert nbformat.read(next(Path("mine").iterdir()), as_version=4).cells[0].id == "q-21-00"


@pytest.mark.parametrize("number", ["1", "x1", "01", "٢١"])
def test_new_refuses_a_number_that_is_none_or_taken(number: str) -> None:
    assert main(["lessons", "new", number, "Title"]) == 2
    assert not list(Path().iterdir())


def test_new_leaves_a_folder_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("lesson-21").mkdir()
    assert main(["lessons", "new", "21", "Title"]) == 2
    assert "Nothing was changed" in capsys.readouterr().err
    assert not list(Path("lesson-21").iterdir())


def test_a_graded_lesson_gives_the_learner_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("new", "21", "Our data", "--graded").exit_code == 0
    student, teacher = Path("lesson-21/student"), Path("lesson-21/teacher")
    assert "sum(numbers)" in (teacher / "l21.py").read_text(), "the positive control"
    for path in student.iterdir():
        assert "sum(" not in path.read_text(), path
    monkeypatch.setenv(FOLDER, str(student))
    room = Classroom(None, lambda: None, {})  # type: ignore[arg-type]
    assert "there is no solution" in room.solution("21a", show=True)
    assert "sum(numbers)" not in room.hint("21a") + room.hint("21a")


def test_serve_refuses_what_it_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons", "serve", "--port", "99999"]) == 2
    assert main(["lessons", "serve", "--pace", "fast"]) == 2
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["lessons", "serve", "--port", str(taken.getsockname()[1])]) == 5
    said = capsys.readouterr().err
    assert "cannot listen there" in said
    assert "Traceback" not in said


@pytest.mark.kernel
@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--graded",)])
def test_a_new_lesson_runs_checks_and_is_graded(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("new", "21", "Our data", *options).exit_code == 0
    whole = Path("lesson-21")
    student, teacher = (whole / "student", whole / "teacher") if options else (whole, whole)
    book = notebooks.read(next(student.glob("*.ipynb")))
    done = executed(book, **{FOLDER: str(student.resolve())})
    assert errors(done) == []
    assert verdicts(done)["21a"]["passed"] is False
    monkeypatch.setenv(FOLDER, str(teacher.resolve()))
    for name, answer in (("ada", "sum"), ("bob", "max")):
        (cell,) = [cell for _, cell in notebooks.exercise_cells(book)]
        cell.source = f'total = {answer}(lesson.given("21a"))'
        (Path("class") / name).mkdir(parents=True)
        nbformat.write(book, Path("class") / name / "21_our_data.ipynb")
    told = typed("grade", "class", "-o", "results")
    assert told.exit_code == 0, told.output
    rows = json.loads(Path("results/grades.json").read_text())
    assert [(row["student"], row["passed"]) for row in rows] == [("ada", True), ("bob", False)]
    assert Path("results/grades.csv").read_text().startswith("student,lesson,exercise,passed,")
