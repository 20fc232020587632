"""Lesson 06: wrong answers that people really give, each with the hint that it must get."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong


def _ask(sentence: str) -> str:
    return f"%%kimi --out asked\n{sentence}\n"


ASK_WRONG = (
    Wrong(_ask("Please add the price per square metre."), "sentences of this form"),
    Wrong(_ask("What is in flats?"), "made nothing"),
    Wrong(_ask("Make flats from flats with eur_m2 = price / area"), "is yours"),
    Wrong(_ask("Make flats_m2 from flats with eur_m2 = price / area"), "under another name"),
    Wrong(_ask("Make per_m2 from flats with price_m2 = price / area"), "is to be called"),
    Wrong(_ask("Make per_m2 from flats with eur_m2 = area / price"), "Turn the division round"),
    Wrong(_ask("Make per_m2 from flats with eur_m2 = price / rooms"), "the price of a room"),
)

_CHANGED = """\
def what_changed(run):
    new, changed = [], []
    for event in run.events:
        if TEST:
            BODY
    return RESULT
"""
_TEST = 'event.kind == "tool_finished" and event.changes is not None'
_NEW = "new += [name for name in event.changes.added if name not in new]"
_REST = """\
changed += [
                name for name in event.changes.changed if name not in (*new, *changed)
            ]"""
_BOTH = f"{_NEW}\n            {_REST}"


def _changed(
    test: str = _TEST, body: str = _BOTH, result: str = '{"new": new, "changed": changed}'
) -> str:
    return _CHANGED.replace("TEST", test).replace("BODY", body).replace("RESULT", result)


CHANGED_WRONG = (
    Wrong(_changed('event.kind == "tool_finished"'), "has None for `changes`"),
    Wrong(_changed("event.changes"), "Events are of many kinds"),
    Wrong(_changed(f"{_TEST} and not event.is_error"), "before it failed"),
    Wrong(
        _changed(body="new, changed = list(event.changes.added), list(event.changes.changed)"),
        "not only one of them",
    ),
    Wrong(
        _changed(
            body=f"{_NEW}\n            changed += event.changes.changed",
        ),
        "A name is told once",
    ),
    Wrong(
        _changed(
            body=f"{_NEW}\n            changed += "
            "[name for name in event.changes.changed if name not in changed]",
        ),
        "What the run made itself",
    ),
    Wrong(_changed(result="new + changed"), "a dict with two lists"),
    Wrong(_changed(result='{"new": set(new), "changed": set(changed)}'), "Both are lists"),
)
