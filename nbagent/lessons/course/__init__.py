"""The course: notebooks that teach agent loops, run without a key, and check themselves.

In the order in which to read:

    exercise   what an exercise and a lesson are: data, and a check made of named cases
    exercises  the lessons' exercises, a file a lesson
    classroom  what a notebook calls: start, check, hint, solution, progress, recap
    lesson     a lesson that goes on, and the requests that the server saw of it (`requests`)
    judging    a check that never raises; its outcome is a `verdict`
    live       the real endpoint instead, with a pace and a price (`prices`)
    recap, progress   questions at the end, and how far one came
    race       lesson 05's chart: what a faster model makes of a run, and what it does not
    notebooks  where the notebooks are; copied, reset, solved
    grading    a class's notebooks, executed anew and graded
    scaffold   the files of a new lesson

How to write a lesson (01 to 03 are the pattern; `nbagent lessons new` makes the files):

 1. `exercises/lNN.py`: `LESSON = Outline(…, recap=three Questions, exercises=(…))`.
 2. An `Exercise` has a starter that runs and leaves `...`, a solution, two hints, and at least
    three `Wrong` answers that people really give. `answer` is what the check cell hands over.
 3. `check(answer, ground)` yields `Case(name, passed, difference, hint)`, the surest first: the
    first that fails gives the hint, so order cases by what a learner should mend first. Each
    wrong answer must get another hint. Look at values, `ground.requests`, a Run's events and
    messages, or what the learner's function does with hidden input; never at prose.
 4. Whatever an answer raises is told by `judging`; raise `Endless` in your own fakes where a
    loop would not end. Data comes from `given(random)`, hidden input from `ground.random`.
 5. `scenarios/lNN.py`: what is answered, as stories; add it to `scenarios.SCENARIOS`.
 6. `notebooks/NN_name.ipynb`: cells named `q-NN-…`; an exercise's cell has the id `ex-NNa`, the
    tag `exercise` and `metadata.nbagent.exercise = "NNa"`, and its starter as source; the next
    cell is `lessons.check("NNa", answer)`. Notebook metadata: `nbagent = {"lesson": "NN",
    "concepts": {"introduces": […], "uses": […]}}`. New terms go into the tests' glossary.
 7. Execute it (`python -m tests.lessons.course NN`), look at it, commit it with its outputs.
"""
