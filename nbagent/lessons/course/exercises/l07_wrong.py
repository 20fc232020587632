"""Lesson 07: wrong answers that people give, and the hint for each."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_RULES = """\
from nbagent.policy import Allow, Deny, Wait

def house_rules(call):
    kinds = {reason.kind for reason in call.reasons}
    code = call.arguments.get("code", "")
    if DENIED:
        return DENY
    if kinds:
        return WAIT
    if "send_report(" in code:
        return Wait("sends a report")
    return Allow()
"""


def _rules(
    denied: str = 'kinds & {"network", "installs"}',
    deny: str = 'Deny("nothing leaves")',
    wait: str = 'Wait("it is risky")',
) -> str:
    text = _RULES.replace("DENIED", denied).replace("DENY", deny)
    return text.replace("WAIT", wait)


RULES_WRONG = (
    Wrong("def house_rules(call):\n    return Allow()\n", "says what it does"),
    Wrong('def house_rules(call):\n    return Wait("please look")\n', "stops reading"),
    Wrong(
        _rules(denied='any(word in code for word in ("requests", "pip", "remove"))'),
        "a word in the text is not what code does",
    ),
    Wrong(
        _rules(denied='call.reasons and call.reasons[0].kind in ("network", "installs")'),
        "not at the first one",
    ),
    Wrong(_rules(wait='Deny("too risky")'), "for a person to decide"),
    Wrong(_rules().replace("if kinds:", 'if "deletes" in kinds:'), "that you do not name"),
    Wrong(_rules().replace('"send_report(" in code', "False"), "nobody looks into it"),
    Wrong(_rules().replace('arguments.get("code", "")', 'arguments["code"]'), "Not every tool"),
    Wrong(_rules(deny='Deny("")'), "all that the model gets"),
    Wrong(_rules(deny='"deny"'), "Return an object"),
)

_ACT = """\
from nbagent.policy import Deny, Edit

def guarded_act(calls, decide, run):
    answers = []
    for call in calls:
        verdict = decide(call)
        if isinstance(verdict, Deny):
            DENIED
        elif isinstance(verdict, Edit):
            EDITED
        else:
            content = run(call["name"], call["arguments"])
        answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    return answers
"""


def _act(
    denied: str = 'content = f"Denied: {verdict.why}"',
    edited: str = 'content = "[changed by the user] " + run(call["name"], verdict.arguments)',
) -> str:
    return _ACT.replace("DENIED", denied).replace("EDITED", edited)


ACT_WRONG = (
    Wrong(
        _act(denied='run(call["name"], call["arguments"]); content = f"Denied: {verdict.why}"'),
        "Ask `decide` first",
    ),
    Wrong(_act(denied="continue"), "needs its answer too"),
    Wrong(_act(denied="return answers"), "no reason to stop"),
    Wrong(
        _act(edited='content = "[changed by the user] " + run(call["name"], call["arguments"])'),
        "carries `arguments`",
    ),
    Wrong(_act(edited='content = run(call["name"], verdict.arguments)'), "Put a note before it"),
    Wrong(_act(denied='content = "Denied."'), "the place for `verdict.why`"),
)
