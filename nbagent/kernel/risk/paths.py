"""Paths in code: what is there now, and which hold secrets. Files are looked at, never opened."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime

from nbagent.kernel.risk.kinds import several
from nbagent.kernel.risk.values import Value
from nbagent.phrases import size

_DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr")
_REMOTE = re.compile(r"(?:https?|ftps?|sftp|s3a?|gs|gcs|az|abfss?|hdfs|hf|wss?)://", re.IGNORECASE)
_PATH_LIKE = re.compile(r"(?=.*[./\\]|id_).{1,1000}\Z")
_SECRET_PARTS = several(""".ssh .aws .gnupg .netrc _netrc .pgpass .git-credentials .kube .pypirc
    .npmrc .htpasswd .my.cnf .env .azure .boto .s3cfg kaggle.json credentials credentials.json
    credentials.yml credentials.yaml credentials.csv credentials.toml credentials.ini token
    token.json token.txt token.pickle .token auth.json secrets secrets.json secrets.toml
    secrets.yml secrets.yaml secrets.env passwords.txt shadow gcloud keyring.cfg .password-store""")
_SECRET_NAME = re.compile(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|\.env\.\w+|.*\.(?:pem|p12|pfx|key|keystore|jks|kdbx|ppk)"
    r"|(?:service[-_]account|client[-_]secret|adminsdk).*\.json|.*_(?:rsa|ed25519)",
    re.IGNORECASE,
)
_SECRET_ENV = re.compile(
    r"(?:^|_)(?:API|ACCESS|PRIVATE|SECRET|AUTH|SIGNING|ENCRYPTION|MASTER|ACCOUNT)?(?:_?KEYS?)(?:_|$)"
    r"|APIKEY|TOKEN|SECRET|PASSW|PASSPHRASE|(?:^|_)(?:PASS|PW|AUTH|PAT|DSN|COOKIE|JWT)(?:_|$)"
    r"|CREDENTIAL|DATABASE_URL|CONNECTION_STRING|_PWD(?:_|$)|^AWS_(?!REGION|DEFAULT_REGION)",
    re.IGNORECASE,
)


def is_remote(text: str) -> bool:
    """Whether a text begins as the address of something elsewhere."""
    return _REMOTE.match(text) is not None


def is_secret_path(text: str) -> bool:
    """Whether a path looks like one of a key, a token or a password file."""
    if not _PATH_LIKE.match(text) or is_remote(text):
        return False  # a sentence, or a word such as "token"
    parts = text.replace("\\", "/").rstrip("/").split("/")
    if text.endswith(".docker/config.json"):
        return True
    return any(part.lower() in _SECRET_PARTS for part in parts) or (
        _SECRET_NAME.fullmatch(parts[-1]) is not None
    )


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable's name looks like that of a secret."""
    return _SECRET_ENV.search(name) is not None


def shown(value: Value) -> str:
    """A path as a risk names it: `'data/x.csv'`, `'data/…'`, '' if nothing is known."""
    if not value.text:
        return ""
    text = value.text if value.whole else value.text + "…"
    return repr(text if len(text) <= 60 else "…" + text[-58:])  # noqa: PLR2004 -- one line


def facts(text: str) -> str | None:
    """What is known of a path that exists, `15 kB, last changed 2026-11-23`; None if it does not.

    A path below a folder that may not be looked into counts as there.

    Args:
        text: a path, relative to the current folder; `~` is the home folder.
    """
    try:
        found = os.stat(os.path.expanduser(text))  # noqa: PTH111, PTH116 -- of any text
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return f"cannot be looked at ({type(error).__name__})"
    if stat.S_ISCHR(found.st_mode) or text in _DEVICES:
        return None
    if stat.S_ISDIR(found.st_mode):
        return "a folder"
    day = datetime.fromtimestamp(found.st_mtime, UTC).astimezone().date()
    return f"{size(found.st_size)}, last changed {day}"


def own_module(name: str) -> str:
    """The file in the current folder that an import of a module runs; '' if it is elsewhere."""
    root = name.partition(".")[0]
    files = (f"{root}.py", f"{root}/__init__.py")
    return next((path for path in files if root and facts(path) is not None), "")


def inside(target: Value, source: Value) -> Value:
    """Where a copy to `target` lands: in it, if it is a folder."""
    if not (target.whole and facts(target.text) == "a folder"):
        return target
    if not source.whole:
        return Value(text=target.text)
    name = os.path.basename(source.text.rstrip("/"))  # noqa: PTH119 -- of any text
    return Value(text=os.path.join(target.text, name), whole=True)  # noqa: PTH118 -- likewise
