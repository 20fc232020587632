"""The files of a new lesson, for somebody who writes one: what a learner gets, apart from the rest.

With `--graded`, solution, checks and wrong answers are in a teacher's folder; what is in the
learner's only says that there is an answer.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from nbagent.errors import UsageError
from nbagent.lessons.course import exercises

STUDENT, TEACHER = "student", "teacher"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
HEAD = '''"""Lesson {number}: its exercises and its recap. See `nbagent.lessons.course`."""

from nbagent.lessons.course.exercise import Case, Exercise, Outline, Question, Wrong, handed_in


def _numbers(random):
    return [random.randrange(100) for _ in range(5)]
'''
CHECK = """

def _sum(answer, ground):
    numbers = _numbers(ground.random)
    due = sum(numbers)
    hint = "Give the sum, not the list." if answer == numbers else "Add all of them up."
    yield Case("the sum of the numbers", answer == due, f"{{answer!r}}, not {{due}}", hint)
"""
EXERCISE = """

SUM = Exercise(
    id="{number}a",
    title="a sum",
    answer="total",
    starter='numbers = lesson.given("{number}a")\\ntotal = ...\\n',
    given=_numbers,
    {rest}
)

LESSON = Outline(
    number="{number}",
    title={title!r},
    question="What will I be able to do afterwards?",
    minutes=20,
    live_usd=0.0,
    exercises=(SUM,),
    recap=(Question("What is 1 + 1?", ("2", "11"), 0, "They are numbers."),),
)
"""
WHOLE = """hints=("Python has a function for this.", "sum(numbers)"),
    solution='numbers = lesson.given("{number}a")\\ntotal = sum(numbers)\\n',
    check=_sum,
    wrong=(
        Wrong('total = lesson.given("{number}a")\\n', "Give the sum"),
        Wrong("total = 0\\n", "Add all"),
        Wrong('total = max(lesson.given("{number}a"))\\n', "Add all"),
    ),"""
SHOWN = """hints=("Python has a function for this.", "It takes the whole list."),
    solution="",
    check=handed_in,
    wrong=(),"""
README = """\
# Lesson {number}: what stays with the teacher

- `l{number}.py` holds the exercises with their solutions, checks and wrong answers.
- `../{student}/` is what learners get. It holds no solution.
- Learners' kernels find the lesson by `NBAGENT_LESSONS=…/{student}` in their environment.
- You grade with the checks of this folder: `NBAGENT_LESSONS={where} nbagent lessons grade FOLDER`.
"""


def scaffold(number: str, title: str, into: Path, *, graded: bool) -> list[Path]:
    """Make the files of a new lesson.

    Args:
        number: two digits.
        title: its title.
        into: a folder that is not there yet.
        graded: whether solutions and checks are kept apart from what a learner gets.

    Returns:
        The files.

    Raises:
        UsageError: the number is none or taken, or the folder is there already.
    """
    if not re.fullmatch("[0-9]{2}", number):
        raise UsageError(f"{number!r} is no number of a lesson.", "Give two digits, as 21.")
    if number in exercises.numbers():
        raise UsageError(f"There is a lesson {number} already.", "Take another number, as 21.")
    if into.exists():
        raise UsageError(f"{into} is there already.", "Nothing was changed.")
    student = into / STUDENT if graded else into
    teacher = into / TEACHER if graded else into
    name = "_".join(re.findall(r"\w+", title.lower())) or "lesson"
    module = teacher / f"l{number}.py"
    notebook = student / f"{number}_{name}.ipynb"
    for folder in (student, teacher):
        folder.mkdir(parents=True, exist_ok=True)
    module.write_text(_module(number, title, whole=True), encoding="utf-8")
    nbformat.write(_notebook(number, title), notebook)
    files = [notebook, module]
    if graded:
        shown = student / module.name
        shown.write_text(_module(number, title, whole=False), encoding="utf-8")
        text = README.format(number=number, student=STUDENT, where=teacher.resolve())
        (teacher / "README.md").write_text(text, encoding="utf-8")
        files += [shown, teacher / "README.md"]
    return files


def _module(number: str, title: str, *, whole: bool) -> str:
    rest = (WHOLE if whole else SHOWN).format(number=number)
    check = CHECK.format() if whole else ""
    exercise = EXERCISE.format(number=number, title=title, rest=rest)
    return HEAD.format(number=number) + check + exercise


def _notebook(number: str, title: str) -> nbformat.NotebookNode:
    exercise = {"tags": ["exercise"], "nbagent": {"exercise": f"{number}a"}}
    begin = f'from nbagent import lessons\n\nlesson = lessons.start("{number}")'
    starter = f'numbers = lesson.given("{number}a")\ntotal = ...'
    check = f'lessons.check("{number}a", total)'
    new = nbformat.v4
    cells = [
        new.new_markdown_cell(f"# {number} · {title}\n\n*The question?*", id=f"q-{number}-00"),
        new.new_code_cell(begin, id=f"q-{number}-01"),
        new.new_markdown_cell(f"### Exercise {number}a: a sum", id=f"q-{number}-02"),
        new.new_code_cell(starter, id=f"ex-{number}a", metadata=exercise),
        new.new_code_cell(check, id=f"check-{number}a"),
        new.new_code_cell(f'lessons.recap("{number}")', id=f"q-{number}-03"),
    ]
    concepts: dict[str, list[str]] = {"introduces": [], "uses": []}
    metadata = {"kernelspec": KERNEL, "nbagent": {"lesson": number, "concepts": concepts}}
    return new.new_notebook(cells=cells, metadata=metadata)
