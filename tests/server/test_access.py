"""Who may ask: every route refuses everybody but the user, from the user's own pages.

The table is route x reason; its positive control is the same request with everything right, and a
route that forgets to ask who is there falls through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import requests

from tests.server.refusing import REFUSE
from tests.server.served import ORIGIN, TOKEN, Served
from tests.server.test_description import built

WRITES = {"delete", "post"}
ROWS = sorted(built())


@dataclass
class Asked:
    """A request: who sends it, and with which headers."""

    session: requests.Session
    headers: dict[str, str | None] = field(default_factory=dict)


def status(asked: Asked, verb: str, url: str) -> int:
    session, headers = asked.session, asked.headers
    with session.request(
        verb, url, headers=headers, timeout=30, stream=True, allow_redirects=False
    ) as answer:
        return answer.status_code


def refusals(server: Served, verb: str) -> dict[str, Asked]:
    """Requests with one thing wrong, by what that is."""
    stranger = requests.Session()
    stranger.trust_env = False
    action = f"{'write' if verb in WRITES else 'read'}:nbagent"
    here = server.url.rpartition("/user")[0]
    return {
        "no token": Asked(stranger),
        "wrong token": Asked(stranger, {"Authorization": f"token {TOKEN[:-1]}"}),
        "wrong origin": Asked(server.by_cookie(), {"Origin": ORIGIN, "Referer": f"{ORIGIN}/a"}),
        "no XSRF": Asked(server.by_cookie(), {"X-XSRFToken": None}),
        "wrong XSRF": Asked(server.by_cookie(), {"X-XSRFToken": "2|00000000|0|0", "Origin": here}),
        "not authorised": Asked(server.by_token(), {REFUSE: action}),
        "not authorised, logged in": Asked(server.by_cookie(), {REFUSE: action}),
    }


def accepted(server: Served) -> dict[str, Asked]:
    """The same requests with everything right."""
    here = server.url.rpartition("/user")[0]
    return {
        "token": Asked(server.by_token()),
        "token, from elsewhere": Asked(server.by_token(), {"Origin": ORIGIN}),
        "logged in": Asked(server.by_cookie(), {"Origin": here, "Referer": server.url}),
        "another resource refused": Asked(server.by_token(), {REFUSE: "write:contents"}),
    }


@pytest.mark.parametrize(("path", "verb"), ROWS)
def test_refused(server: Served, story: str, path: str, verb: str) -> None:
    url = f"{server.api}{path.replace('{run_id}', story)}"
    told = {why: status(asked, verb, url) for why, asked in refusals(server, verb).items()}
    assert {why: code for why, code in told.items() if code not in {403, 404}} == {}
    assert told["no token"] == told["not authorised"] == 403
    assert server.get(f"/runs/{story}").ok, "a refused request has changed something"


@pytest.mark.parametrize(("path", "verb"), ROWS)
def test_not_refused_with_everything_right(
    server: Served, another_story: Callable[[], str], path: str, verb: str
) -> None:
    for why, asked in accepted(server).items():
        code = status(asked, verb, f"{server.api}{path.replace('{run_id}', another_story())}")
        # a run that has ended cannot be stopped, which is said by 409
        assert code in ({409} if path.endswith("/stop") else {200, 204}), why


def test_a_route_that_forgets_to_ask_falls_through_the_table(server: Served) -> None:
    told = {
        why: status(asked, "get", f"{server.url}naive")
        for why, asked in refusals(server, "get").items()
    }
    let_in = {why for why, code in told.items() if code == 200}
    assert {"no token", "wrong token", "not authorised"} <= let_in


def test_no_answer_to_a_stranger_says_more_than_that(server: Served, story: str) -> None:
    stranger = requests.Session()
    stranger.trust_env = False
    answer = stranger.get(f"{server.api}/runs/{story}", timeout=30)
    assert answer.json() == {"message": "Forbidden", "reason": "forbidden"}
    assert story not in str(answer.headers)
