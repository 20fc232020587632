"""Statements: what they bind, what they change, and which code in them may run later."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from nbagent.kernel.risk import kinds, magics, paths, results
from nbagent.kernel.risk.expressions import Expressions
from nbagent.kernel.risk.names import Scope, look_up
from nbagent.kernel.risk.report import Report
from nbagent.kernel.risk.values import PARAMETER, UNKNOWN, Function, Known, Value, named

MAX_TEXTS = 20
"""Pieces of code in strings that are judged, all together."""

_Block = ast.If | ast.While | ast.For | ast.AsyncFor | ast.Try | ast.TryStar | ast.Match


class Statements(Expressions):
    """Visits a whole cell.

    Function bodies are visited where they stand, and again at the end, when the names that they
    use may have become others.

    Args:
        known: the live namespace.
        report: takes what is found.
    """

    _DOING: ClassVar[dict[type[ast.stmt], str]] = {
        ast.Assign: "_assign",
        ast.AnnAssign: "_assign",
        ast.AugAssign: "_augmented",
        ast.Delete: "_delete",
        ast.Import: "_import",
        ast.ImportFrom: "_import",
        ast.FunctionDef: "_define",
        ast.AsyncFunctionDef: "_define",
        ast.ClassDef: "_class",
        ast.With: "_with",
        ast.AsyncWith: "_with",
        ast.Return: "_return",
        ast.Raise: "_raise",
        ast.Global: "_declared",
        ast.Nonlocal: "_declared",
        ast.If: "_branches",
        ast.While: "_branches",
        ast.For: "_branches",
        ast.AsyncFor: "_branches",
        ast.Try: "_branches",
        ast.TryStar: "_branches",
        ast.Match: "_branches",
    }

    def __init__(self, known: Known, report: Report) -> None:
        super().__init__(known, report)
        self._later: list[Callable[[], object]] = []
        self._is_certain = True
        self._is_in_loop = False
        self._returned: set[str] = set()
        self._n_functions = 0
        self._n_texts = 0

    def run(self, tree: ast.Module, first_line: int = 0) -> None:
        """Visit a cell, and then once more the functions in it.

        Args:
            tree: the cell.
            first_line: how many lines stand before it.
        """
        self.first_line = first_line
        self.block(tree.body)
        later, self._later = self._later, []
        for visit in later:
            visit()

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Visit statements in order."""
        for statement in body:
            how = self._DOING.get(type(statement))
            if how is not None:
                getattr(self, how)(statement)
            else:
                self._parts(statement)

    def judge_text(self, text: str, line: int, *, exact: bool) -> None:
        """Visit code that stands in a string, in the scope where it stands.

        Args:
            text: the code.
            line: the line on which it begins.
            exact: whether its lines are lines of the cell.
        """
        self._n_texts += 1
        before = self.first_line, self.fixed_line
        if self._n_texts > MAX_TEXTS:
            self.report.found("unclear", "code in strings", line, "there is too much of it")
            return
        try:
            tree, lost = magics.parse(text, self.scope.values)
        except (SyntaxError, ValueError, OverflowError):
            self.report.found("unclear", "code in a string", line, "it cannot be read")
            return
        if exact and not self.fixed_line:
            self.first_line = line - 1 + lost
        else:
            self.fixed_line = line
        self.block(tree.body)
        self.first_line, self.fixed_line = before

    def store(self, target: ast.expr, value: Value, origin: ast.expr | None = None) -> None:
        """Bind a name, or change what an attribute or element belongs to.

        Args:
            target: what is assigned to.
            value: what it gets.
            origin: the expression that the value comes from, where there is one.
        """
        if isinstance(target, ast.Name):
            walrus = self.scope.kind == "comprehension" and origin is None
            self._bind(target.id, value, target, walrus=walrus)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = origin.elts if isinstance(origin, ast.Tuple | ast.List) else []
            paired = len(parts) == len(target.elts)
            for index, each in enumerate(target.elts):
                part = self._quietly(parts[index]) if paired else value.element()
                self.store(each, part, parts[index] if paired else None)
        elif isinstance(target, ast.Starred):
            self.store(target.value, Value(holds=value.roots | value.holds))
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self._change(target, value)

    def function(self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
        """Visit a function where it stands, and note to visit it again at the end."""
        scope, lines = self.scope, (self.first_line, self.fixed_line)

        def again() -> None:
            self.scope, (self.first_line, self.fixed_line) = scope, lines
            self._body(node)
            self.scope = scope.module

        if scope.kind != "function":
            self._later.append(again)
        return Value(function=self._body(node))

    def comprehension(self, node: Any) -> Value:
        """Visit a comprehension in a scope of its own."""
        outer = self.scope
        first = self.value(node.generators[0].iter)
        self.scope = Scope("comprehension", outer)
        for index, part in enumerate(node.generators):
            source = self.value(part.iter) if index else first
            self.store(part.target, source.element(), part.iter)
            self.values(part.ifs)
        if isinstance(node, ast.DictComp):
            self.value(node.key)
        value = self.value(node.value if isinstance(node, ast.DictComp) else node.elt)
        self.scope = outer
        return Value(names=value.names, holds=value.roots | value.holds)

    def _body(self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        outer, certain, returned = self.scope, self._is_certain, self._returned
        self._returned = set()
        self._n_functions += 1
        mark = f"{PARAMETER}{self._n_functions}."
        given = node.args
        names = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        self.scope, self._is_certain = Scope("function", outer), True
        for name in names:
            self.scope.values[name] = Value(roots=frozenset([mark + name]))
        for rest in (given.vararg, given.kwarg):
            if rest:
                self.scope.values[rest.arg] = UNKNOWN
        if isinstance(node, ast.Lambda):
            self._returned.update(self.value(node.body).roots)
        else:
            self.block(node.body)
        touched = {each.removeprefix(mark) for each in self.report.touched}
        returns = {
            PARAMETER + each.removeprefix(mark) if each.startswith(mark) else each
            for each in self._returned
        }
        self.scope, self._is_certain, self._returned = outer, certain, returned
        return Function(tuple(names), frozenset(touched.intersection(names)), frozenset(returns))

    def _quietly(self, node: ast.expr) -> Value:
        """What an expression is that has been visited before."""
        report, self.report = self.report, Report()
        value = self.value(node)
        self.report = report
        return value

    def _bind(
        self, name: str, value: Value, node: ast.expr | ast.stmt, *,
        how: str = "gets another value", walrus: bool = False, is_import: bool = False,
    ) -> None:  # fmt: skip
        scope = self.scope.home(name, walrus=walrus)
        if scope.kind == "module":
            if not is_import:
                self.report.bound.append((name, self.line(node)))
            if name in self.known.before and not name.startswith("_"):
                self.report.changed(name, self.line(node), how)
        scope.bind(name, value, certain=self._is_certain)

    def _change(self, target: ast.Attribute | ast.Subscript, value: Value) -> None:
        owner = self.value(target.value, inner=True)
        line = self.line(target)
        key = UNKNOWN
        if isinstance(target, ast.Subscript):
            key = self.value(target.slice)
        if owner.names & results.NAMES:
            if key.whole and key.text.isidentifier():
                home, self.scope = self.scope, self.scope.module
                self._bind(key.text, value, target)
                self.scope = home
            else:
                self.report.found("unclear", "globals()", line, "a computed name")
        elif owner.roots:
            self.changed(owner.roots, target)
        elif owner.is_library:
            self._change_library(target, owner, line)
        if isinstance(target.value, ast.Name) and (held := value.roots | value.holds):
            old = self.scope.find(target.value.id)
            if old is not None:
                self.scope.values[target.value.id] = old._replace(holds=old.holds | held)

    def _change_library(
        self, target: ast.Attribute | ast.Subscript, owner: Value, line: int
    ) -> None:
        for name in sorted(owner.names):
            if kinds.SETTINGS & set(name.split(".")):
                continue
            if isinstance(target, ast.Attribute):
                if target.attr not in kinds.SETTINGS:
                    self.report.found("library", f"{name}.{target.attr}", line)
            elif name in kinds.MODULE_STATE or "__dict__" in name:
                self.report.found("library", name, line)

    def _parts(self, node: ast.AST) -> None:
        """Visit what a statement consists of."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.block([child])

    def _raise(self, node: ast.Raise) -> None:
        self._parts(node)
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(error, ast.Name) and error.id == "SystemExit":
            self.report.found("process", "raise SystemExit", self.line(node))

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        if isinstance(node, ast.AnnAssign):
            self.value(node.annotation)
        if node.value is None:
            return
        value = self.value(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            name = target.id if isinstance(target, ast.Name) else None
            if not (isinstance(node.value, ast.Name) and node.value.id == name):
                self.store(target, value, node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.value(node.value)
        if isinstance(node.target, ast.Name):
            old = look_up(node.target.id, self.scope, self.known) or UNKNOWN
            self.changed(old.roots - {node.target.id}, node)
            joined = UNKNOWN
            if old.text and isinstance(node.op, ast.Add | ast.Div):
                joined = Value(names=old.names, text=old.text)
            self._bind(node.target.id, joined._replace(holds=old.holds | value.holds), node)
        else:
            self.store(node.target, UNKNOWN)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for each in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(each, ast.Name):
                    home = self.scope.home(each.id)
                    is_mine = each.id in self.known.before and not each.id.startswith("_")
                    if home.kind == "module" and is_mine:
                        self.report.changed(each.id, self.line(node), "deleted")
                elif isinstance(each, ast.Attribute | ast.Subscript):
                    self._change(each, UNKNOWN)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                value = named(alias.name if alias.asname else alias.name.partition(".")[0])
                name = alias.asname or alias.name.partition(".")[0]
            else:
                module = node.module or ""
                if alias.name == "*":
                    if module.partition(".")[0] in kinds.LIBRARY_ROOTS:
                        self.report.found("unclear", f"from {module} import *", self.line(node))
                    self.report.bound.append((f"all of {module}", self.line(node)))
                    continue
                value = named(f"{module}.{alias.name}")
                name = alias.asname or alias.name
            scope = self.scope.home(name)
            if scope.kind != "module" or not self._is_same(name, value):
                self._bind(name, value, node, is_import=True)
                self._note_file(alias.name if isinstance(node, ast.Import) else module, node)
            else:
                scope.values[name] = value

    def _note_file(self, module: str, node: ast.stmt) -> None:
        """Note an import that runs a file of the person's."""
        path = paths.own_module(module)
        if path:
            self.report.own_files.append((path, self.line(node)))

    def _is_same(self, name: str, value: Value) -> bool:
        """Whether an import gives a name what it has."""
        if name not in self.known:
            return name in self.known.before and name not in self.scope.module.values
        old = self.known.value(name)
        ends = {each.rpartition(".")[2] for each in value.names}
        return old.is_library and {each.rpartition(".")[2] for each in old.names} == ends

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.values(node.decorator_list)
        self.values(node.args.defaults + [each for each in node.args.kw_defaults if each])
        value = self.function(node)
        self._bind(node.name, value, node)

    def _class(self, node: ast.ClassDef) -> None:
        self.values([*node.decorator_list, *node.bases, *(each.value for each in node.keywords)])
        outer = self.scope
        self.scope = Scope("class", outer)
        self.block(node.body)
        self.scope = outer
        self._bind(node.name, UNKNOWN, node)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.store(item.optional_vars, value)
        self.block(node.body)

    def _branches(self, node: _Block) -> None:
        if isinstance(node, ast.Match):
            subject = self.value(node.subject)
        elif isinstance(node, ast.If | ast.While):
            self.value(node.test)
        elif isinstance(node, ast.For | ast.AsyncFor):
            source = self.value(node.iter)
        certain, self._is_certain = self._is_certain, False
        if isinstance(node, ast.For | ast.AsyncFor):
            self.store(node.target, source.element(), node.iter)
        if isinstance(node, ast.Match):
            for case in node.cases:
                self._pattern(case.pattern, subject)
                self.values([case.guard])
                self.block(case.body)
        else:
            self.block(node.body)
            if isinstance(node, ast.For | ast.AsyncFor | ast.While) and not self._is_in_loop:
                self._is_in_loop = True  # once more: what it binds is there the next time
                self.block(node.body)
                self._is_in_loop = False
            for handler in getattr(node, "handlers", []):
                self.values([handler.type])
                if handler.name:
                    self._bind(handler.name, UNKNOWN, handler)
                self.block(handler.body)
            self.block(node.orelse)
            self.block(getattr(node, "finalbody", []))
        self._is_certain = certain

    def _pattern(self, pattern: ast.pattern, subject: Value) -> None:
        for part in ast.walk(pattern):
            if isinstance(part, ast.expr):
                continue
            name = getattr(part, "name", None) or getattr(part, "rest", None)
            if isinstance(name, str):
                anchor = ast.copy_location(ast.Name(name), part)
                self._bind(name, subject.element()._replace(whole=False), anchor)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self._returned.update(self.value(node.value).roots)

    def _declared(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.declare(node.names, is_global=isinstance(node, ast.Global))
