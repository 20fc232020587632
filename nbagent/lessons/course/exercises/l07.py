"""Lesson 07, ask first: the exercises and the recap."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, TypeAlias

from nbagent.events import Reason
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l07_wrong import ACT_WRONG, RULES_WRONG
from nbagent.lessons.course.judging import attempt
from nbagent.policy import Allow, Deny, Edit, ProposedCall, Wait

LABELS = {"run": Allow, "ask": Wait, "deny": Deny}


@dataclass(frozen=True, slots=True)
class Topic:
    """What some of the labelled calls are about.

    Attributes:
        name: what should hold for them, in words.
        label: what a policy should say of them.
        hints: by what it says instead.
    """

    name: str
    label: str
    hints: dict[str, str]


BY_KIND = "`call.reasons` says what it does: `reason.kind` is 'network' or 'installs'."
ALL_KINDS = "A call can have several reasons. Look at all kinds, not at the first one."
BY_NAME = (
    "No reason names it: it is your own function, and nobody looks into it. Look for its name in "
    "the code."
)
HARMLESS = Topic(
    "what only looks or draws runs unasked",
    "run",
    {
        "Wait": "Who is asked about everything stops reading. What has no reason runs: `Allow()`.",
        "Deny": "This one does nothing risky; a word in the text is not what code does. "
        "`call.reasons` tells what was found in it.",
    },
)
OUTSIDE = Topic(
    "the network and packages are denied", "deny", dict.fromkeys(("Allow", "Wait"), BY_KIND)
)
HIDDEN_BEHIND = Topic(
    "also where something else comes first", "deny", dict.fromkeys(("Allow", "Wait"), ALL_KINDS)
)
RISKY = Topic(
    "what else is risky waits",
    "ask",
    {
        "Allow": "Reasons that you do not name are left over: any reason is worth a question.",
        "Deny": "This is for a person to decide: `Wait(why)` asks them. `Deny` asks nobody.",
    },
)
UNSEEN = Topic("send_report waits", "ask", dict.fromkeys(("Allow", "Deny"), BY_NAME))
TOPICS = (HARMLESS, OUTSIDE, HIDDEN_BEHIND, RISKY, UNSEEN)

Labelled: TypeAlias = tuple[Topic, ProposedCall]


def _code(topic: Topic, code: str, *reasons: tuple[str, str, str, int]) -> Labelled:
    """A call of `run_python`; each reason is a kind, a verb, the piece, its line."""
    found = tuple(Reason(kind=k, verb=v, what=w, line=line) for k, v, w, line in reasons)
    return topic, ProposedCall("run_python", {"code": code}, "kernel", 1, found)


REMOVES = ("deletes", "deletes files", "os.remove", 2)
SHOWN = (
    _code(HARMLESS, "print(len(sales))"),
    _code(HARMLESS, "# remove the outliers from view\nprint(sorted(sales)[1:-1])"),
    _code(RISKY, "import os\nos.remove('old.tmp')", REMOVES),
    _code(
        OUTSIDE,
        "import requests\nprint(requests.get('http://a.example').text)",
        ("network", "uses the network", "requests.get", 2),
    ),
    _code(UNSEEN, "send_report(sales)"),
    (HARMLESS, ProposedCall("inspect_variable", {"name": "sales"}, "pure", 1)),
)
"""What a learner sees of the labelled calls."""
HIDDEN = (
    _code(HARMLESS, "import matplotlib.pyplot as plt\nplt.plot(sales)\nplt.show()"),
    _code(HARMLESS, "total = sum(sales)\nprint('total', total)"),
    _code(
        OUTSIDE,
        "%pip install xgboost",
        ("installs", "installs packages", "pip install xgboost", 1),
    ),
    _code(RISKY, "sales = sorted(sales)", ("variables", "changes your variables", "sales", 1)),
    _code(
        RISKY,
        "import subprocess\nsubprocess.run(['make'])",
        ("program", "runs another program", "subprocess.run", 2),
    ),
    _code(
        HIDDEN_BEHIND,
        "import os, requests\nos.remove('sales.tmp')\nrequests.get('http://a.example')",
        REMOVES,
        ("network", "uses the network", "requests.get", 3),
    ),
    _code(UNSEEN, "for month in sales:\n    send_report(month)"),
    (HARMLESS, ProposedCall("list_variables", {}, "pure", 1)),
)
"""What only the check has. The tests compare every call's reasons with the product's own."""


def _given(source: random.Random) -> list[tuple[str, ProposedCall]]:
    return [(topic.label, call) for topic, call in source.sample(SHOWN, len(SHOWN))]


def _rules(rules: Any, ground: Ground) -> Cases:
    calls = [*SHOWN, *HIDDEN]
    ground.random.shuffle(calls)
    said = [(topic, call, *attempt(rules, call)) for topic, call in calls]
    broken = [f"{call.name} {call.arguments}: {error!r}" for _, call, _, error in said if error]
    yield Case(
        "every call gets an answer",
        not broken,
        next(iter(broken), ""),
        "Not every tool takes code: `call.arguments.get('code', '')` is '' where there is none.",
    )
    if broken:
        return
    verdicts = [(topic, call, got) for topic, call, got, _ in said]
    strange = [f"{got!r}" for _, _, got in verdicts if not isinstance(got, Allow | Wait | Deny)]
    yield Case(
        "the answer is a verdict",
        not strange,
        f"it returned {next(iter(strange), '')}",
        "Return an object: `Allow()`, `Wait(why)` or `Deny(why)`.",
    )
    if strange:
        return
    for topic in TOPICS:
        yield _of_topic(topic, [(call, got) for each, call, got in verdicts if each is topic])
    silent = [call.arguments for _, call, got in verdicts if not getattr(got, "why", "-")]
    yield Case(
        "a denial says why",
        not silent,
        f"`why` is empty for {next(iter(silent), '')}",
        "`why` is all that the model gets of a denial. Say what it may not do, so it can adapt.",
    )
    right = sum(isinstance(got, LABELS[topic.label]) for topic, _, got in verdicts)
    name = f"{len(verdicts)} labelled calls, each as labelled"
    yield Case(name, right == len(verdicts), f"{right} are", topic.name)


def _of_topic(topic: Topic, verdicts: list[tuple[ProposedCall, Any]]) -> Case:
    for call, got in verdicts:
        due = LABELS[topic.label]
        if not isinstance(got, due):
            code = call.arguments.get("code", call.name)
            said = f"it returned {type(got).__name__} for {code!r}; {due.__name__} is due"
            hint = topic.hints[type(got).__name__]
            return Case(topic.name, passed=False, difference=said, hint=hint)
    return Case(topic.name, passed=True)


NAMES = ("look", "count", "delete", "count")


def _calls() -> list[dict[str, Any]]:
    return [
        {"id": f"{name}:{i}", "name": name, "arguments": {"of": "abcd"[i]}}
        for i, name in enumerate(NAMES)
    ]


CHANGED = {"of": "b", "limit": 10}
VERDICTS = (Allow(), Edit(CHANGED), Deny("the originals are not backed up"), Allow())


class Scene:
    """The other side of 07b: what was decided and what ran, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []

    def decide(self, call: Any) -> Any:
        """The person's verdict on a call."""
        self.told.append(("decide", call["id"], None))
        return VERDICTS[int(call["id"][-1])]

    def run(self, name: str, arguments: Any) -> str:
        """The result of a tool."""
        self.told.append(("run", name, dict(arguments)))
        return f"{name} gave {sorted(arguments.items())}"


def _act(guarded_act: Any, _: Ground) -> Cases:
    scene, calls = Scene(), _calls()
    answers, error = attempt(guarded_act, calls, scene.decide, scene.run)
    if error is not None:
        raise error
    ran = [(name, arguments) for kind, name, arguments in scene.told if kind == "run"]
    yield Case(
        "a denied call does not run",
        "delete" not in [name for name, _ in ran],
        "`delete` ran; its verdict was `Deny`",
        "Ask `decide` first; what it denies is never handed to `run`.",
    )
    ids = [a.get("tool_call_id") for a in answers] if isinstance(answers, list) else answers
    due = [call["id"] for call in calls]
    hint = "A denied call needs its answer too: without one the next request is refused."
    if isinstance(ids, list) and len(ids) < len(due) and ids == due[: len(ids)]:
        hint = "One denial is no reason to stop: the calls after it still wait for an answer."
    yield Case("each call is answered once, in order", ids == due, f"answered: {ids}", hint)
    if ids != due:
        return
    yield Case(
        "an edited call runs with the person's arguments",
        ("count", CHANGED) in ran,
        f"it ran as {ran[1:2]}",
        "An `Edit` carries `arguments`: run the call with those, not with its own.",
    )
    contents = [str(answer.get("content")) for answer in answers]
    plain = f"count gave {sorted(CHANGED.items())}"
    told = plain in contents[1] and len(contents[1]) > len(plain) + len("count")
    yield Case(
        "the model hears that they were changed",
        told,
        f"it is told {contents[1]!r}",
        "The model would take the result for an answer to its own call. Put a note before it.",
    )
    yield Case(
        "the model hears why it was denied",
        VERDICTS[2].why in contents[2],
        f"it is told {contents[2]!r}",
        "The content of the answer is the place for `verdict.why`.",
    )
    left = [scene.run(name, call["arguments"]) for name, call in zip(NAMES, calls, strict=True)]
    yield Case(
        "what is allowed comes back as it is",
        [contents[0], contents[3]] == [left[0], left[3]],
        f"{contents[0]!r}",
        "For `Allow` the content is what `run` returned.",
    )


RULES = Exercise(
    id="07a",
    title="house rules",
    answer="house_rules",
    starter="""\
from nbagent.policy import Allow, Deny, Wait

def house_rules(call):
    kinds = {reason.kind for reason in call.reasons}
    ...  # three rules: what to deny, and two reasons to wait
    return Allow()
""",
    solution="""\
from nbagent.policy import Allow, Deny, Wait

def house_rules(call):
    kinds = {reason.kind for reason in call.reasons}
    if kinds & {"network", "installs"}:
        return Deny("nothing is fetched or installed in this notebook; use what is here")
    if kinds:
        return Wait(", ".join(reason.verb for reason in call.reasons))
    if "send_report(" in call.arguments.get("code", ""):
        return Wait("sends a report")
    return Allow()
""",
    check=_rules,
    given=_given,
    hints=(
        "Begin with the strictest rule: deny, then wait, then allow. `kinds` is a set.",
        (
            'if kinds & {"network", "installs"}: return Deny("…"); if kinds: return Wait("…"); '
            'and "send_report(" in call.arguments.get("code", "").'
        ),
    ),
    wrong=RULES_WRONG,
)

ACT = Exercise(
    id="07b",
    title="a denial is a result",
    answer="guarded_act",
    starter="""\
def guarded_act(calls, decide, run):
    answers = []
    for call in calls:
        content = run(call["name"], call["arguments"])  # but ask decide(call) first
        answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    return answers
""",
    solution="""\
from nbagent.policy import Deny, Edit

def guarded_act(calls, decide, run):
    answers = []
    for call in calls:
        verdict = decide(call)
        if isinstance(verdict, Deny):
            content = f"Denied: {verdict.why}"
        elif isinstance(verdict, Edit):
            content = f"[The user changed the arguments: {verdict.arguments}]\\n"
            content += run(call["name"], verdict.arguments)
        else:
            content = run(call["name"], call["arguments"])
        answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    return answers
""",
    check=_act,
    hints=(
        (
            "There are three cases: `Deny` (no run, say why), `Edit` (run with "
            "`verdict.arguments`, and say so), and the rest (run as it is). Each ends in one "
            "answer."
        ),
        (
            'isinstance(verdict, Deny): content = f"Denied: {verdict.why}"; isinstance(verdict, '
            'Edit): content = "[changed by the user] " + run(call["name"], verdict.arguments).'
        ),
    ),
    wrong=ACT_WRONG,
)

LESSON = Outline(
    number="07",
    title="Ask first",
    question="How do I stay in charge?",
    minutes=25,
    live_usd=0.15,
    exercises=(RULES, ACT),
    recap=(
        Question(
            "You deny a call. What does the model get?",
            (
                "Nothing; the run ends",
                "A tool message that says it was denied, and why",
                "The call again, until you approve",
            ),
            1,
            "Each call needs its answer. With the reason in it the model can take another way.",
        ),
        Question(
            "No risk was found in a piece of code. What do you know?",
            (
                "That it is safe to run",
                "That it runs in a sandbox",
                "That nothing on the list of risks was seen in its text",
            ),
            2,
            "Your own functions and unknown libraries are not looked into. It prevents accidents.",
        ),
        Question(
            "Nobody is there to answer: a notebook runs overnight. A risky call comes. Then?",
            (
                "It waits until the morning",
                "It is denied, and the run goes on with that",
                "It runs, since nobody objects",
            ),
            1,
            "It fails closed. `--ask never`, or a gate of yours, is how you decide beforehand.",
        ),
    ),
)
