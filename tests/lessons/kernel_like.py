"""A plain stand-in for the user's kernel: code really runs, its output comes back as text."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import traceback
from typing import Any

PARAMETERS = {
    "run_python": {"code": {"type": "string"}},
    "inspect_variable": {"name": {"type": "string"}},
    "list_variables": {},
}


def tool(name: str) -> dict[str, Any]:
    properties = PARAMETERS[name]
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


ALL_TOOLS = [tool(name) for name in PARAMETERS]


class KernelLike:
    """Names in a dict, and the three tools over them."""

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", **names}

    def call(self, call: dict[str, Any]) -> dict[str, Any]:
        arguments = json.loads(call["function"]["arguments"])
        text = getattr(self, call["function"]["name"])(**arguments)
        return {"role": "tool", "tool_call_id": call["id"], "content": text or "(no output)"}

    def run_python(self, code: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                self._execute(ast.parse(code))
            except Exception:  # noqa: BLE001 -- whatever the code does is the tool's result
                out.write(traceback.format_exc(limit=-2))
        return out.getvalue()

    def _execute(self, tree: ast.Module) -> None:
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), self.names)
        if last is not None:
            assert isinstance(last, ast.Expr)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), self.names)
            if value is not None:
                print(repr(value))

    def inspect_variable(self, name: str) -> str:
        if name not in self.names:
            return f"There is no variable named {name!r}."
        return f"{name}: {type(self.names[name]).__name__}"

    def list_variables(self) -> str:
        return "\n".join(f"{k}: {type(v).__name__}" for k, v in self.names.items() if k[0] != "_")
