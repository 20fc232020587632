"""Which versions are installed, whether they are new enough, and whether a stranger is among them.

The Python index has an unrelated package called `nbagent`, a backup server with the same import
name and the same command. Installed beside ours, it overwrites our files or is overwritten.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from nbagent.doctor.findings import Finding

OURS = "nbagent-kimi"
STRANGER = "nbagent"
HANGING_KERNELS = SpecifierSet(">=7.0,<7.4")
"""Releases of ipykernel in which plain cells were seen to hang (7.0.1, 7.1, 7.2 and 7.3)."""
_USEFUL = ("IPython", "jupyterlab", "notebook", "nbconvert", "pandas", "matplotlib")
"""Not required by the core, but worth knowing when something does not work."""


def package_findings() -> list[Finding]:
    """Versions of Python, of nbagent, of what it requires, and of what is often used with it."""
    return [
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        _platform(),
        *_stranger(),
        *_ours(),
        *_required(),
        *(Finding(name, found) for name in _USEFUL if (found := version_of(name))),
    ]


def version_of(distribution: str, site: list[str] | None = None) -> str:
    """The installed version of a distribution, '' if it is not there.

    Args:
        distribution: its name on the index.
        site: where to look; this interpreter's path if None.
    """
    path = sys.path if site is None else site
    found = metadata.distributions(name=distribution, path=path)
    return next((each.version for each in found), "")


def _platform() -> Finding:
    name = f"{platform.system()} {platform.machine()}"
    if sys.platform == "linux":
        return Finding("system", name)
    return Finding("system", name, "nbagent is tested on Linux; here it works by design only.")


def _ours() -> Iterator[Finding]:
    found = version_of(OURS)
    home = Path(__file__).parents[1]
    if found:
        yield Finding(OURS, f"{found} ({home})")
        return
    yield Finding(
        OURS,
        f"not installed; running from {home}",
        "The package is imported from a directory, so its requirements were never checked.",
        "Run `pip install -e .` there.",
    )


def _stranger() -> Iterator[Finding]:
    found = version_of(STRANGER)
    if found:
        yield Finding(
            STRANGER,
            found,
            "This is an unrelated backup server with the same import name and command; the two "
            "overwrite each other's files.",
            f"Run `pip uninstall {STRANGER}`, then "
            f"`pip install --force-reinstall --no-deps {OURS}`.",
            problem=True,
        )


def _required() -> Iterator[Finding]:
    if not version_of(OURS):
        return
    for line in metadata.requires(OURS) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _requirement(requirement)


def _requirement(requirement: Requirement) -> Finding:
    found = version_of(requirement.name)
    wanted = f"{requirement.name}{requirement.specifier}"
    remedy = f'Run `pip install "{wanted}"`.'
    if not found:
        return Finding(requirement.name, "missing", f"{wanted} is needed.", remedy, problem=True)
    if not requirement.specifier.contains(found, prereleases=True):
        return Finding(requirement.name, found, f"{wanted} is needed.", remedy, problem=True)
    if requirement.name == "ipykernel" and found in HANGING_KERNELS:
        return Finding(
            "ipykernel",
            found,
            "Kernels of this version stop answering after some cells, also without nbagent.",
            'Run `pip install "ipykernel>=7.4"`.',
        )
    return Finding(requirement.name, found)
