"""Imports go down only, lazy ones included; modules of the world never import each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "nbagent"

LAYERS = [
    {"messages", "events", "errors", "packed", "samples", "settings", "words"},
    {"loop", "tools", "meter", "view", "policy", "redact", "ports"}
    | {"clock", "paths", "phrases", "bounded", "repair", "summary"},
    {"run", "conversation", "journal", "replay"},
    {"kimi", "kernel", "notebook", "trace", "lessons"},
    {"magics", "agent", "assembly", "cli", "doctor", "demo", "export", "server"}
    | {"__init__", "__main__"},
]
WORLD = LAYERS[3]
OPENAI_ONLY_IN = {"kimi"}


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide their layer"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer_of(unit: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if unit in layer)


def breaches(unit: str, imports: set[str]) -> list[str]:
    found = []
    for name in imports:
        root, _, rest = name.partition(".")
        if root == "openai" and unit not in OPENAI_ONLY_IN:
            found.append(f"{unit} imports openai")
        target = rest.split(".")[0]
        if root != "nbagent" or not target or target in {unit, "__version__"}:
            continue
        if not any(target in layer for layer in LAYERS):
            continue  # a public name, not a module
        if layer_of(target) > layer_of(unit):
            found.append(f"{unit} imports {target} from above")
        if target in WORLD and unit in WORLD:
            found.append(f"{unit} and {target} are both of the world")
    return found


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    assert breaches(unit_of(path), imported(ast.parse(path.read_text()))) == []


def test_every_module_has_a_layer() -> None:
    assert {unit_of(p) for p in modules()} <= set().union(*LAYERS)


def test_a_breach_is_found() -> None:
    upward = ast.parse("def f():\n    from nbagent.magics import x\n")
    sideways = ast.parse("import nbagent.trace.html")
    assert breaches("loop", imported(upward))
    assert breaches("kernel", imported(sideways))
    assert breaches("run", imported(ast.parse("import openai")))
