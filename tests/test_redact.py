"""Secrets leave in no known form, and nothing else is touched."""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nbagent.redact import MASK, Redactor

KEY = "sk-Zy9/x+Q7~plum tree\"42'\\é"
"""Holds everything that some encoding changes; no shape of a key, which would hide a failure."""

SHAPES = [
    "sk-" + "a1B2c3D4e5" * 4,
    "ghp_" + "a1B2c3D4e5" * 3 + "123456",
    "github_pat_" + "a1B2c3D4e5" * 4,
    "hf_" + "a1B2c3D4e5" * 3,
    "AKIA" + "ABCDEFGH01234567",
    "xoxb-" + "123456789012-abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.abcDEF123_-456",
]
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "QUJDREVGR0hJSktMTU5PUA==\n" * 5
PEM_END = "-----END RSA PRIVATE KEY-----"


def encodings(key: str) -> dict[str, str]:
    data = key.encode()
    return {
        "plain": key,
        "reversed": key[::-1],
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "quoted": quote(key),
        "quoted whole": quote(key, safe=""),
        "quoted plus": quote_plus(key),
        "json": json.dumps(key),
        "json utf-8": json.dumps(key, ensure_ascii=False),
        "json twice": json.dumps(json.dumps(key)),
        "repr": repr({"key": key}),
        "base64": base64.b64encode(data).decode(),
        "base64 url": base64.urlsafe_b64encode(data).decode(),
        "base64 inside": base64.b64encode(b"user:" + data + b"@host").decode(),
        "base64 inside by 1": base64.b64encode(b"user: " + data).decode(),
        "base64 inside by 2": base64.b64encode(b"user:  " + data).decode(),
    }


def recognisable(key: str) -> set[str]:
    """Pieces of eight characters that would give a part of the key away."""
    data = key.encode()
    aligned = [base64.b64encode(bytes(n) + data).decode()[4:-4] for n in range(3)]
    whole = [key, key[::-1], data.hex(), data.hex().upper(), quote(key), json.dumps(key)[1:-1]]
    return {text[i : i + 8] for text in [*whole, *aligned] for i in range(len(text) - 7)}


def registered(*keys: str) -> Redactor:
    redact = Redactor()
    for key in keys:
        redact.add(key)
    return redact


@pytest.mark.parametrize("form", encodings(KEY))
def test_a_known_value_is_masked_in_every_form(form: str) -> None:
    text = f"before {encodings(KEY)[form]} after"
    shown = registered(KEY)(text)
    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    rest = shown.replace(MASK, "")
    assert [piece for piece in recognisable(KEY) if piece in rest] == []


def test_without_registration_the_same_forms_pass() -> None:
    for text in encodings(KEY).values():
        assert Redactor()(text) == text


@pytest.mark.parametrize("secret", SHAPES)
@pytest.mark.parametrize("around", ["{}", "key={}", '"{}"', "`{}`,", "{} ", "x\n{}\ny", "键{}键"])
def test_shapes_of_keys_are_masked(secret: str, around: str) -> None:
    assert Redactor()(around.format(secret)) == around.format(MASK)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Authorization: Bearer {'a1b2' * 5}", f"Authorization: Bearer {MASK}"),
        (f"authorization: bearer {'a1b2' * 5}", f"authorization: bearer {MASK}"),
        (f'{{"Authorization": "Basic {"a1b2" * 5}=="}}', f'{{"Authorization": "Basic {MASK}"}}'),
        (PEM + PEM_END + " end", MASK + " end"),
        (PEM, MASK + "\n"),
        (json.dumps(PEM + PEM_END), f'"{MASK}"'),
    ],
)
def test_headers_and_private_keys_are_masked(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "task-management-for-everyone-and-all",
        "desk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "Authorization: Bearer authentication is described below",
        "a bearer of news",
        "see -----BEGIN PRIVATE KEY----- for the format",
        "sk-short, AKIA, ghp_, eyJ and xoxb- are prefixes",
        "eyJust.words.here",
        "The API token is in the environment.",
        MASK,
        f"Bearer {MASK}",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor()(text) is text


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("MOONSHOT_API_KEY", "abc123def456", True),
        ("db_password", "hunter2hunter2", True),
        ("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1", True),
        ("HF_TOKEN", "short", False),
        ("TOKENIZERS_PARALLELISM", "disabled", False),
        ("TOKEN_TTL", "86400000", False),
        ("SSH_KEY_FILE", "/home/me/.ssh/id_ed25519", False),
        ("TOKEN_URL", "https://auth.example.com/token", False),
        ("HOME", "abc123def456", False),
    ],
)
def test_the_environment_is_read_by_name(name: str, value: str, *, hidden: bool) -> None:
    redact = Redactor()
    redact.add_environment({name: value})
    assert (MASK in redact(f"it is {value} here")) == hidden


# --- JSON values ------------------------------------------------------------------------------


def test_values_are_masked_inside_json_and_pictures_are_passed_over() -> None:
    redact = registered("p1cture-secret")
    value = {
        "text": ["a p1cture-secret", ("p1cture-secret", 3)],
        "p1cture-secret": None,
        "image/png": "p1cture-secret",
        "image/svg+xml": "<svg>p1cture-secret</svg>",
        "url": "data:image/png;base64,p1cture-secret",
    }
    assert redact.value(value) == {
        "text": [f"a {MASK}", (MASK, 3)],
        MASK: None,
        "image/png": "p1cture-secret",
        "image/svg+xml": f"<svg>{MASK}</svg>",
        "url": "data:image/png;base64,p1cture-secret",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(JSON)
def test_a_value_without_secrets_is_the_same_object(value: object) -> None:
    assert registered("no such secret 1").value(value) is value


# --- properties -------------------------------------------------------------------------------

secrets = st.text(string.ascii_letters + string.digits + "-_/+= é%", min_size=8, max_size=20)
fragments = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [*SHAPES, PEM, PEM + PEM_END, KEY, KEY[:9], MASK, "Bearer ", "Authorization: "]
    ),
    st.sampled_from(
        ["sk-", "-----BEGIN ", "PRIVATE KEY-----", " ", "\n", "键", "a1b2" * 5, KEY[9:]]
    ),
    st.sampled_from(list(encodings(KEY).values())),
)
texts = st.lists(fragments, max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(texts, st.lists(secrets, max_size=2))
@example("SECRETXXAKIA0123456789ABCDEF", ["SECRETXX"])
@example(f"{MASK}sk-{'a' * 30}", [])
def test_masking_twice_changes_nothing(text: str, known: list[str]) -> None:
    assume(not any(key.strip() in MASK for key in known))
    redact = registered(KEY, *known)
    once = redact(text)
    assert redact(once) == once


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text(), secrets)
def test_no_known_value_is_ever_left(before: str, after: str, key: str) -> None:
    shown = registered(key)(before + key + after)
    assert key not in shown


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_random_text_is_never_changed(text: str) -> None:
    assert registered(KEY)(text) is text


def naive_stream(redact: Redactor, chunks: list[str]) -> str:
    return "".join(redact(chunk) for chunk in chunks)


def streamed(redact: Redactor, chunks: list[str]) -> str:
    stream = redact.stream()
    return "".join([*(stream.feed(chunk) for chunk in chunks), stream.flush()])


@settings(max_examples=400, deadline=None)
@given(texts, st.data())
@example(KEY, None)
@example(PEM + PEM_END, None)
@example(f"a {KEY}b{KEY} c", None)
@example(f"Bearer   {'a1b2' * 5}", None)
def test_a_stream_shows_what_the_whole_would(text: str, data: st.DataObject | None) -> None:
    redact = registered(KEY)
    if data is None:
        chunks = list(text)
    else:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
        chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(redact, chunks) == redact(text)


def test_chunk_by_chunk_masking_would_leak() -> None:
    """The positive control: what the stream is for."""
    redact = registered("p1cture-secret")
    chunks = ["my p1cture", "-secret is"]
    assert naive_stream(redact, chunks) == "my p1cture-secret is"
    assert streamed(redact, chunks) == f"my {MASK} is"


def test_a_stream_holds_back_no_more_than_a_word() -> None:
    stream = registered(KEY).stream()
    assert stream.feed("Let me look at the colu") == "Let me look at the "
    assert stream.feed("mns. 让我们看看") == "columns. 让我们看看"
    assert stream.flush() == ""


def test_an_endless_word_does_not_grow_without_bound() -> None:
    redact = registered("p1cture-secret")
    stream = redact.stream()
    blob = "QUJD" * 50_000
    shown = "".join(stream.feed(blob[i : i + 997]) for i in range(0, len(blob), 997))
    assert len(shown) > len(blob) - 40_000
    shown += stream.feed("p1cture-") + stream.feed("secret") + stream.flush()
    assert shown == blob + MASK
