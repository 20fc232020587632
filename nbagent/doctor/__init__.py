"""`nbagent doctor` and `%kimi doctor`: what is installed, what is in force, and what to do.

Read `findings` first; `packages`, `jupyter` and `access` each look at one side of the machine.
Nothing is changed and nothing is sent to a foreign host; a key is never shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from nbagent.doctor.access import access_findings, storage_findings
from nbagent.doctor.findings import Report
from nbagent.doctor.jupyter import jupyter_findings
from nbagent.doctor.packages import package_findings
from nbagent.kimi.keys import KeyStore


def report(
    endpoint: str = "",
    *,
    environ: Mapping[str, str] | None = None,
    keys: KeyStore | None = None,
) -> Report:
    """Look at this machine.

    Args:
        endpoint: preset name or base URL to look at; '' for the one in force.
        environ: the environment; this process's if None.
        keys: where keys are looked for; the saved ones if None.
    """
    environ = os.environ if environ is None else environ
    return Report(
        (
            ("Packages", tuple(package_findings())),
            ("Jupyter", tuple(jupyter_findings())),
            ("Model", access_findings(endpoint, environ, keys or KeyStore())),
            ("Storage", tuple(storage_findings())),
        )
    )
