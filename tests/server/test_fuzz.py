"""Whatever the description lets be asked, and what it does not, is answered: never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from nbagent.server.listing import DESCRIPTION
from tests.server.served import Served

API = schemathesis.openapi.from_dict(json.loads(DESCRIPTION.read_text()))
OPERATIONS = [found.ok() for found in API.get_all_operations()]
NAMED = [(f"{operation.method} {operation.path}", operation) for operation in OPERATIONS]
QUICK, MANY = 5, 60


def ask(
    server: Served, story: str, operation: Any, n_examples: int, *, wrongly: bool, api: str = ""
) -> int:
    """Send requests made of the description; return how many there were."""
    mode = schemathesis.GenerationMode.NEGATIVE if wrongly else schemathesis.GenerationMode.POSITIVE
    session, sent = server.by_token(), [0]

    @seed(20261126)
    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        if not wrongly and "run_id" in case.path_parameters and sent[0] % 2:
            case.path_parameters["run_id"] = story
        sent[0] += 1
        # an endless stream has answered once its head is there
        arguments = case.as_transport_kwargs(base_url=api or server.api)
        with session.request(**arguments, stream=True, timeout=30, allow_redirects=False) as raw:
            assert raw.status_code < 500, f"{raw.status_code}: {arguments}"
            if raw.status_code >= 400 and "/nbagent/api/" in raw.url:
                assert "Traceback" not in raw.text

    asked()
    return sent[0]


def test_no_request_for_the_list_fails(server: Served, story: str) -> None:
    (operation,) = [o for name, o in NAMED if name == "get /runs"]
    assert ask(server, story, operation, QUICK, wrongly=False)


def test_a_route_that_fails_would_be_found(server: Served, story: str) -> None:
    (operation,) = [o for name, o in NAMED if name == "get /runs"]
    with pytest.raises(AssertionError, match="500"):
        ask(server, story, operation, QUICK, wrongly=False, api=f"{server.url}broken")


@pytest.mark.long
@pytest.mark.parametrize("wrongly", [False, True])
@pytest.mark.parametrize("operation", [o for _, o in NAMED], ids=[name for name, _ in NAMED])
def test_no_request_of_many_fails(
    server: Served, story: str, operation: Any, *, wrongly: bool
) -> None:
    print(operation.path, ask(server, story, operation, MANY, wrongly=wrongly))
