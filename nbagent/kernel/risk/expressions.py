"""Expressions: each is visited once, in order; what it may be comes back."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from nbagent.kernel.risk import calls, kinds, magics, paths, results
from nbagent.kernel.risk.calls import Call
from nbagent.kernel.risk.kinds import kind_of, several
from nbagent.kernel.risk.names import Scope, look_up
from nbagent.kernel.risk.report import Report, TooMuch
from nbagent.kernel.risk.shell import Command
from nbagent.kernel.risk.values import NONE, PICK, UNKNOWN, Known, Value, either, words

_REFERRED = several("deletes network program installs process unclear credentials")
_SELF_NAMED = several("exec eval compile __import__ exit quit __builtins__")
_MAGICS = frozenset(["IPython.run_line_magic", "IPython.magic", "IPython.run_cell_magic"])


MAX_EXPRESSIONS = 5_000
"""How many are visited; what has more is not judged."""
MAX_DEPTH = 50
"""How deep expressions may be nested in each other."""


class Expressions(ABC):
    """Visits expressions; `Statements` does the rest.

    Args:
        known: the live namespace.
        report: takes what is found.
    """

    _HOW: ClassVar[dict[type[ast.AST], str]] = {
        ast.Constant: "_constant",
        ast.JoinedStr: "_joined",
        ast.BinOp: "_operation",
        ast.Compare: "_picking",
        ast.UnaryOp: "_picking",
        ast.IfExp: "_choice",
        ast.BoolOp: "_choice",
        ast.List: "_display",
        ast.Tuple: "_display",
        ast.Set: "_display",
        ast.Dict: "_display",
        ast.Subscript: "_subscript",
        ast.Call: "_call",
        ast.NamedExpr: "_walrus",
        ast.Await: "_through",
        ast.Starred: "_through",
        ast.Lambda: "function",
        ast.ListComp: "comprehension",
        ast.SetComp: "comprehension",
        ast.GeneratorExp: "comprehension",
        ast.DictComp: "comprehension",
    }

    def __init__(self, known: Known, report: Report) -> None:
        self.known = known
        self.report = report
        self.scope = Scope("module")
        self.first_line = 0
        self.fixed_line = 0
        self._n_expressions = 0
        self._depth = 0

    def line(self, node: ast.expr | ast.stmt | ast.ExceptHandler) -> int:
        """The line of a node in the code as it was written."""
        return self.fixed_line or node.lineno + self.first_line

    def value(self, node: ast.expr, *, inner: bool = False) -> Value:
        """Visit an expression.

        Args:
            node: the expression.
            inner: whether only a part of the value is used: it is called, or asked for a member.
        """
        if isinstance(node, ast.Name):
            return self._name(node, inner=inner)
        self._n_expressions += 1
        if self._n_expressions > MAX_EXPRESSIONS or self._depth > MAX_DEPTH:
            deep = self._depth > MAX_DEPTH
            raise TooMuch("it is nested too deep" if deep else "it is too long to be judged")
        self._depth += 1
        value = self._of(node, inner=inner)
        self._depth -= 1
        return value

    def _of(self, node: ast.expr, *, inner: bool) -> Value:
        if isinstance(node, ast.Attribute):
            return self._attribute(node, inner=inner)
        how = self._HOW.get(type(node))
        if how is not None:
            value: Value = getattr(self, how)(node)
            return value
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return UNKNOWN

    def values(self, nodes: Iterable[ast.expr | None]) -> list[Value]:
        """Visit several expressions."""
        return [self.value(node) for node in nodes if node is not None]

    def changed(self, roots: frozenset[str], node: ast.expr | ast.stmt) -> None:
        """Note that variables are changed in place."""
        for root in sorted(roots):
            self.report.changed(root, self.line(node), "in place")

    @abstractmethod
    def judge_text(self, text: str, line: int, *, exact: bool) -> None:
        """Visit code that stands in a string; `Statements` knows how."""

    @abstractmethod
    def function(self, node: ast.Lambda) -> Value:
        """Visit a function's parameters and body; `Statements` knows how."""

    @abstractmethod
    def comprehension(self, node: Any) -> Value:
        """Visit a comprehension; `Statements` knows how."""

    @abstractmethod
    def store(self, target: ast.expr, value: Value, origin: ast.expr | None = None) -> None:
        """Bind or change a target; `Statements` knows how."""

    def _name(self, node: ast.Name, *, inner: bool) -> Value:
        value = look_up(node.id, self.scope, self.known)
        if value is None:
            return UNKNOWN
        if value.is_library and (not inner or node.id == "__builtins__"):
            self._referred(value, node)
        return value

    def _attribute(self, node: ast.Attribute, *, inner: bool) -> Value:
        return self._member(self.value(node.value, inner=True), node, inner=inner)

    def _member(self, owner: Value, node: ast.Attribute, *, inner: bool) -> Value:
        name = node.attr
        if name in kinds.STRANGE or (name == "__dict__" and owner.is_library):
            self.report.found("unclear", name, self.line(node))
        if name == "parent" and owner.names & results.PATH and not owner.is_library:
            return Value(names=results.PATH)
        value = results.member(owner, name)
        if owner.is_library and not inner:
            self._referred(value, node)
        return value

    def _referred(self, value: Value, node: ast.expr) -> None:
        """Note a function that is named and not called: somebody else may call it."""
        for name in sorted(value.names):
            last = name.rpartition(".")[2]
            if name == "os.environ":
                self.report.found("credentials", name, self.line(node), "all of it")
            elif ("." in name or name in _SELF_NAMED) and last[:1].islower() | (last[:1] == "_"):
                kind = kind_of(name)
                if kind in _REFERRED:
                    self.report.found(kind, name, self.line(node))

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str):
            return words(node.value)
        return words(repr(node.value), names=frozenset([type(node.value).__name__]))

    def _joined(self, node: ast.JoinedStr) -> Value:
        text, whole = "", True
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                value = self.value(part.value)
                self.values([part.format_spec])
                plain = value.whole and part.format_spec is None and part.conversion in (-1, 115)
                value = value if plain else UNKNOWN
            else:
                value = self.value(part)
            if whole:
                text += value.text
            whole = whole and value.whole
        return words(text, whole=whole)

    def _operation(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add):
            if left.text and not left.names & {"int", "float"}:
                rest = right.text if left.whole else ""
                return words(left.text + rest, whole=left.whole and right.whole and bool(rest))
            return Value(holds=left.roots | left.holds | right.roots | right.holds)
        if isinstance(node.op, ast.Div) and (left.names | right.names) & results.PATH:
            return results.join_paths((left, right))._replace(names=results.PATH)
        if isinstance(node.op, ast.Mod) and left.text:
            return words(left.text.partition("%")[0], whole=False)
        picks = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
        return Value(names=PICK) if picks else UNKNOWN

    def _picking(self, node: ast.Compare | ast.UnaryOp) -> Value:
        if isinstance(node, ast.UnaryOp):
            operand = self.value(node.operand)
            is_number = isinstance(node.operand, ast.Constant)
            return operand if is_number else Value(names=PICK)
        self.value(node.left)
        for comparator in node.comparators:
            self.value(comparator, inner=True)
        return Value(names=PICK)

    def _choice(self, node: ast.IfExp | ast.BoolOp) -> Value:
        if isinstance(node, ast.IfExp):
            self.value(node.test)
            return either(self.value(node.body), self.value(node.orelse))
        value, *others = self.values(node.values)
        for other in others:
            value = either(value, other)
        return value._replace(whole=False)

    def _display(self, node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> Value:
        if isinstance(node, ast.Dict):
            self.values(node.keys)
            parts = self.values(node.values)
        else:
            parts = self.values(node.elts)
        text, whole = "", isinstance(node, ast.List | ast.Tuple) and bool(parts)
        if whole:  # a command line, for functions that take one in pieces
            text = " ".join(part.text or "…" for part in parts)
        return Value(
            names=NONE.union(*(part.names for part in parts)) - PICK,
            holds=NONE.union(*(part.roots | part.holds for part in parts)),
            text=text,
        )

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.value(node.value, inner=True)
        key = self.value(node.slice)
        if "os.environ" in owner.names and isinstance(node.ctx, ast.Load):
            if not key.whole:
                self.report.found("credentials", "os.environ", self.line(node), "a computed name")
            elif paths.is_secret_variable(key.text):
                self.report.found("credentials", key.text, self.line(node))
        if owner.names & results.NAMES:
            if key.whole:
                return look_up(key.text, self.scope.module, self.known) or UNKNOWN
            return Value(names=frozenset(["<computed>"]))
        if self._copies(owner, node.slice, key):
            return owner.without_roots()._replace(text="", whole=False)
        return owner.element()

    def _copies(self, owner: Value, node: ast.expr, key: Value) -> bool:
        """Whether a subscript makes a new object: rows picked, columns listed, a list's slice."""
        if isinstance(node, ast.Slice):
            return bool(owner.names & {"list", "str", "tuple", "bytes"})
        parts = node.elts if isinstance(node, ast.Tuple) else []
        if any(isinstance(part, ast.List | ast.ListComp) for part in (node, *parts)):
            return True
        is_series = any(name in ("pandas.Series", "list", "numpy.ndarray") for name in key.names)
        return bool(key.names & PICK) or (is_series and bool(key.roots or key.holds))

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            receiver, method = self.value(node.func.value, inner=True), node.func.attr
            function = self._member(receiver, node.func, inner=True)
        else:
            function = self.value(node.func, inner=True)
            receiver, method = _bound(function)
            if not method and isinstance(node.func, ast.Name):
                method = node.func.id
        args, keywords = self._arguments(node)
        call = Call(function, method, receiver, args, keywords, node.func)
        self._judge(call, node)
        for roots in results.changed(call):
            self.changed(roots, node)
        if "eval" in function.names and args and args[0].whole:
            return self._evaluated(args[0].text)
        return results.result(call)

    def _arguments(self, node: ast.Call) -> tuple[tuple[Value, ...], dict[str, Value]]:
        args: list[Value] = []
        keywords: dict[str, Value] = {}
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                keywords["*"] = self.value(arg.value).element()
            elif "*" in keywords:
                self.value(arg)
            else:
                args.append(self.value(arg))
        for keyword in node.keywords:
            keywords[keyword.arg or "**"] = self.value(keyword.value)
        return tuple(args), keywords

    def _judge(self, call: Call, node: ast.Call) -> None:
        line = self.line(node)
        if "<computed>" in call.function.names:
            self.report.found("unclear", call.written, line, "a computed name is called")
        if call.receiver.names & results.NAMES and call.method in kinds.MUTATORS:
            self.report.found("unclear", call.written, line, "changes names by computed ones")
        if call.function.names & _MAGICS and call.function.is_library:
            self._magic(call, line)
            return
        for kind, what, detail in calls.findings(call):
            self.report.found(kind, what, line, detail)
        if calls.writes(call):
            self.report.writes.append((call.written, line))
        if call.function.names & {"exec", "eval", "compile"} and call.args and call.args[0].whole:
            self.judge_text(call.args[0].text, line, exact=False)

    def _magic(self, call: Call, line: int) -> None:
        name, text, body = (call.argument(i) or UNKNOWN for i in range(3))
        if not name.whole or not (text.whole or call.method == "magic" or len(call.args) == 1):
            self.report.found("unclear", call.written, line, "a computed magic")
            return
        cell = body.text if call.method == "run_cell_magic" else None
        magic, line_text = name.text, text.text
        if call.method == "magic":
            magic, _, line_text = name.text.partition(" ")
        if magics.writes(magic):
            self.report.writes.append((f"%{magic}", line))
        for doing in magics.doings(magic, line_text, cell):
            if isinstance(doing, Command):
                self.report.found(doing.kind, doing.what, line + doing.offset)
            else:
                self.judge_text(doing.text, line + doing.offset, exact=True)

    def _evaluated(self, text: str) -> Value:
        """What `eval` of a literal returns, where that is a name."""
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return UNKNOWN
        return self.value(node, inner=True)

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.store(node.target, value)
        return value

    def _through(self, node: ast.Await | ast.Starred) -> Value:
        return self.value(node.value)


def _bound(function: Value) -> tuple[Value, str]:
    """The object and the name of a method that goes by a name of its own."""
    name = min(function.names, default="")
    owner, _, method = name.rpartition(".")
    if not function.roots:
        return UNKNOWN, method
    return Value(names=frozenset([owner]) if owner else NONE, roots=function.roots), method
