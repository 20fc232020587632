"""The description of the API is the API: its routes, methods, parameters and answers."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from nbagent.server.handler import Handler
from nbagent.server.listing import DESCRIPTION
from nbagent.server.routes import ROUTES
from tests.server.served import Served, lines_of

METHODS = ("get", "post", "put", "patch", "delete")
API: dict[str, Any] = json.loads(DESCRIPTION.read_text())


def described() -> set[tuple[str, str]]:
    return {(path, verb) for path, item in API["paths"].items() for verb in item if verb in METHODS}


def built() -> set[tuple[str, str]]:
    return {
        (path, verb)
        for path, handler in ROUTES.items()
        for verb in METHODS
        if getattr(handler, verb) is not getattr(Handler, verb)
    }


def test_the_description_has_the_routes_that_there_are() -> None:
    assert described() == built()


def test_the_description_has_the_parameters_that_are_read() -> None:
    """What a handler's file asks the query for is described, and nothing else is."""
    folder = DESCRIPTION.parent
    source = "".join(path.read_text() for path in sorted(folder.glob("*.py")))
    read = set(re.findall(r'self\.(?:number|word)\(\s*"(\w+)"', source)) | {"search"}
    told = {
        parameter["name"]
        for item in API["paths"].values()
        for verb in METHODS
        for parameter in item.get(verb, {}).get("parameters", ())
    }
    assert read == told


def schema_of(path: str, verb: str, status: str) -> dict[str, Any]:
    answer = API["paths"][path][verb]["responses"][status]
    if "$ref" in answer:
        answer = API["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    (content,) = answer["content"].values()
    return {**content["schema"], "components": API["components"]}


def check(value: Any, path: str, verb: str = "get", status: str = "200") -> None:
    jsonschema.Draft202012Validator(schema_of(path, verb, status)).validate(value)


ENDLESS, FILES = "/stream", "/runs/{run_id}/export"
"""Checked in the tests of streams and of files."""
ANSWERS = sorted(path for path, verb in built() if verb == "get" and path not in (ENDLESS, FILES))


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_are_as_described(server: Served, story: str, path: str) -> None:
    answer = server.get(path.replace("{run_id}", story))
    assert answer.status_code == 200, answer.text
    values = list(lines_of(answer)) if path.endswith("/stream") else [answer.json()]
    for value in values:
        check(value, path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs/run-none", 404),
        ("/runs/-odd", 400),
        ("/runs?limit=0", 400),
        ("/runs?limit=x", 400),
        ("/runs?before=-1", 400),
        (f"/runs?search={'a' * 201}", 400),
        ("/runs/STORY/events?since=1e3", 400),
        ("/runs/STORY/export?format=exe", 400),
        ("/runs/STORY/request?step=99", 404),
        ("/runs/STORY/steps?first=0", 400),
    ],
)
def test_refusals_are_as_described(server: Served, story: str, path: str, status: int) -> None:
    answer = server.get(path.replace("STORY", story))
    assert answer.status_code == status
    error = {**API["components"]["schemas"]["Error"], "components": API["components"]}
    jsonschema.Draft202012Validator(error).validate(answer.json())


def test_a_wrong_answer_would_be_found() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(
            {"runs": [{"run_id": 1}], "next": None, "journal": {"here": True, "note": ""}}, "/runs"
        )
    with pytest.raises(jsonschema.ValidationError):
        check({"version": "1"}, "/ping")
