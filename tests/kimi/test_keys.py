"""A key goes to the host it was given for, rests in a private file, and shows itself nowhere."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nbagent.errors import SettingsError
from nbagent.kimi.endpoints import PRESETS, Endpoint, resolve_endpoint
from nbagent.kimi.keys import KeyStore, checked_key
from nbagent.settings import Secret, Settings

KEY = "sk-canary-0123456789abcdef"
ELSEWHERE = Endpoint(name="kimi.example", base_url="https://kimi.example/v1")


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(lambda: tmp_path)


def found(keys: KeyStore, endpoint: Endpoint, **environ: str) -> str | None:
    secret = keys.find(endpoint, environ)
    return secret.reveal() if secret else None


@pytest.mark.parametrize("variable", ["MOONSHOT_API_KEY", "KIMI_API_KEY"])
def test_an_environment_key_goes_to_moonshot_only(keys: KeyStore, variable: str) -> None:
    environ = {variable: f" {KEY}\n"}
    assert found(keys, PRESETS["moonshot"], **environ) == KEY
    assert found(keys, PRESETS["moonshot-cn"], **environ) == KEY
    for endpoint in (ELSEWHERE, PRESETS["vllm"], PRESETS["lesson"].at("http://127.0.0.1:1/v1")):
        assert found(keys, endpoint, **environ) is None
    in_clear = PRESETS["moonshot"].at("http://api.moonshot.ai/v1")
    look_alike = PRESETS["moonshot"].at("https://api.moonshot.ai.example/v1")
    assert found(keys, in_clear, **environ) is found(keys, look_alike, **environ) is None


def test_an_environment_key_goes_to_the_environments_url(keys: KeyStore) -> None:
    environ = {"MOONSHOT_API_KEY": KEY, "MOONSHOT_BASE_URL": "https://kimi.example/v1"}
    endpoint = resolve_endpoint(Settings(), environ)
    assert endpoint.host == "kimi.example"
    assert found(keys, endpoint, **environ) == KEY
    assert found(keys, PRESETS["moonshot"], **environ) == KEY
    assert found(keys, PRESETS["vllm"], **environ) is None


def test_a_naive_lookup_would_leak() -> None:
    """Control: the rule above is one, as the plain variable is there for every host."""
    assert {"MOONSHOT_API_KEY": KEY}.get("MOONSHOT_API_KEY") == KEY


def test_a_login_counts_for_its_host_and_before_the_environment(keys: KeyStore) -> None:
    keys.remember("kimi.example", Secret("sk-mine-12345"))
    assert found(keys, ELSEWHERE, MOONSHOT_API_KEY=KEY) == "sk-mine-12345"
    assert found(keys, PRESETS["vllm"]) is None
    assert keys.forget("kimi.example")
    assert found(keys, ELSEWHERE) is None
    assert not keys.forget("kimi.example")


def test_a_saved_key_rests_in_a_private_file(keys: KeyStore, tmp_path: Path) -> None:
    where = keys.save("kimi.example", Secret(KEY))
    assert Path(where) == tmp_path / "keys.json"
    assert stat.S_IMODE(Path(where).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    later = KeyStore(lambda: tmp_path)
    assert found(later, ELSEWHERE) == KEY
    assert later.forget("kimi.example")
    assert KEY not in Path(where).read_text()


def test_a_file_that_others_can_read_is_refused(keys: KeyStore, tmp_path: Path) -> None:
    keys.save("kimi.example", Secret(KEY))
    (tmp_path / "keys.json").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        KeyStore(lambda: tmp_path).find(ELSEWHERE, {})


@pytest.mark.parametrize("text", ["{", "[1]", "\x00\xff", '"' + KEY + '"'])
def test_a_damaged_file_is_named_and_not_shown(keys: KeyStore, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)
    (tmp_path / "keys.json").chmod(0o600)
    with pytest.raises(SettingsError, match="damaged") as caught:
        keys.find(ELSEWHERE, {})
    assert KEY not in repr(caught.value)
    assert found(keys, PRESETS["moonshot"], MOONSHOT_API_KEY=KEY) == KEY


def test_a_directory_that_cannot_be_had_means_no_saved_key(tmp_path: Path) -> None:
    def nowhere() -> Path:
        raise PermissionError(13, "no", str(tmp_path))

    assert KeyStore(nowhere).find(ELSEWHERE, {}) is None


@pytest.mark.parametrize("text", ["", "  ", "sk one", "sk-\nx", "sk-\u2026", "sk-\x00"])
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_key(text)
    assert not text.strip() or text not in str(caught.value)


def a_keyring(*, works: bool) -> ModuleType:
    """A stand-in for the optional package, with the four names that are used of it."""
    keyring = ModuleType("keyring")
    errors = ModuleType("keyring.errors")
    held: dict[tuple[str, str], str] = {}

    class KeyringError(Exception):
        pass

    def set_password(service: str, host: str, key: str) -> None:
        if not works:
            raise KeyringError
        held[service, host] = key

    errors.KeyringError = KeyringError  # type: ignore[attr-defined] # a module made by hand
    vars(keyring).update(
        errors=errors,
        set_password=set_password,
        get_password=lambda service, host: held.get((service, host)),
        delete_password=lambda service, host: held.pop((service, host)),
        __spec__=sys.__spec__,
    )
    return keyring


@pytest.mark.parametrize("works", [True, False])
def test_a_keyring_is_used_if_it_works(
    keys: KeyStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    works: bool,  # noqa: FBT001 -- a column of the table
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", a_keyring(works=works))
    keys.save("kimi.example", Secret(KEY))
    entries = json.loads((tmp_path / "keys.json").read_text())
    assert entries == {"kimi.example": None if works else KEY}
    later = KeyStore(lambda: tmp_path)
    assert found(later, ELSEWHERE) == KEY
    assert later.forget("kimi.example")
    assert found(KeyStore(lambda: tmp_path), ELSEWHERE) is None


def test_no_text_form_shows_a_key(keys: KeyStore) -> None:
    keys.save("kimi.example", Secret(KEY))
    assert KEY not in repr(keys) + repr(vars(keys)) + repr(keys.find(ELSEWHERE, {}))
