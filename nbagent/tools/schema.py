"""From a function's signature to what the model is told, and from what it sends to values.

`function_schema` reads signature, annotations and docstring; pydantic makes the schema and
checks the arguments, `nbagent.tools.mfjs` restricts the schema to what the endpoint accepts.

Read next: `nbagent.tools`, which calls the function.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from nbagent.errors import SettingsError
from nbagent.tools.docstrings import docs_of
from nbagent.tools.mfjs import Schema, check_property_names, restricted, without_null

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{2,63}")
_NO_DEFAULT = inspect.Parameter.empty
_SHOWN = 80
"""How many characters of a wrong value an error repeats."""
_MAX_MISTAKES = 4
"""How many mistakes an error names for one parameter: a union has one for each branch."""


class BadArguments(ValueError):
    """The model's arguments do not fit; the text has one line per mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(f"- {mistake}" for mistake in mistakes))


@dataclass(frozen=True, slots=True)
class FunctionSchema:
    """A function as the model sees it, with what is needed to check and call it.

    Attributes:
        name: the tool's name.
        description: the docstring's text.
        parameters: MFJS schema of the arguments.
        signature: the function's own signature.
        context: the parameter that takes the call's context, '' if there is none.
        adapters: pydantic's check of each parameter.
    """

    name: str
    description: str
    parameters: Schema
    signature: inspect.Signature
    context: str
    adapters: Mapping[str, TypeAdapter[Any]]

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Turn the model's JSON values into the function's arguments.

        A null for a parameter that can be left out counts as left out.

        Raises:
            BadArguments: something does not fit.
        """
        from pydantic import ValidationError  # noqa: PLC0415 -- slow; not needed to load

        mistakes = field_mistakes(self.parameters, arguments)
        values: dict[str, Any] = {}
        for name in filter(self.adapters.__contains__, arguments):
            try:
                values[name] = self.adapters[name].validate_python(arguments[name])
            except ValidationError as error:
                needed = name in self.parameters["required"]
                if arguments[name] is not None or needed:
                    mistakes += _value_mistakes(name, arguments[name], error)
        if mistakes:
            raise BadArguments(mistakes)
        return values

    def bind(self, values: dict[str, Any], context: object) -> inspect.BoundArguments:
        """Arrange checked values (and the context, where asked for) for the call."""
        given = {self.context: context, **values} if self.context else values
        ordered = {name: given[name] for name in self.signature.parameters if name in given}
        return inspect.BoundArguments(self.signature, ordered)


def function_schema(
    function: Callable[..., Any], *, name: str = "", description: str = "", context: type
) -> FunctionSchema:
    """Describe a function to the model.

    `*args` and `**kwargs` are not offered; a parameter without annotation takes the type of its
    default, or anything.

    Args:
        function: a function, method or other callable, sync or async.
        name: the tool's name; the function's own if empty.
        description: what the model reads; the docstring's text if empty.
        context: a parameter annotated with this type gets the call's context and is not offered.

    Raises:
        SettingsError: it cannot be offered; the text says what to change.
    """
    name = name or str(getattr(function, "__name__", ""))
    check_name(name)
    target = _target(function)
    docs, hints, signature = docs_of(target), _hints(target, name), inspect.signature(function)
    properties: dict[str, Schema] = {}
    adapters: dict[str, TypeAdapter[Any]] = {}
    taker = ""
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        hint = hints.get(parameter.name, _guess(parameter.default))
        if context in (hint, *get_args(hint)):
            taker = parameter.name
            continue
        words = docs.parameters.get(parameter.name, "")
        adapter, schema = _property(name, parameter, hint, words)
        adapters[parameter.name], properties[parameter.name] = adapter, schema
    check_property_names(properties)
    required = [n for n in properties if signature.parameters[n].default is _NO_DEFAULT]
    parameters = {"type": "object", "properties": properties, "required": required}
    text = description or docs.text or f"{name}{signature}"
    return FunctionSchema(name, text, parameters, signature, taker, adapters)


def check_name(name: str) -> None:
    """Refuse a tool name that the endpoint refuses (`SettingsError`)."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot be a tool's name: it takes 3 to 64 letters, digits, _ or -, "
            "and no digit first.",
            'Name it with `@nbagent.tool(name="…")`.',
        )


def check_by_schema(parameters: Schema, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check arguments against a tool's MFJS schema alone, for tools that are no plain functions.

    Raises:
        BadArguments: something does not fit.
    """
    mistakes = field_mistakes(parameters, arguments)
    for name, node in parameters.get("properties", {}).items():
        if name in arguments:
            mistakes += _faults(arguments[name], node, name)
    if mistakes:
        raise BadArguments(mistakes)
    return arguments


def field_mistakes(parameters: Schema, arguments: Mapping[str, Any]) -> list[str]:
    """Name the arguments that are missing and those that do not exist."""
    known: dict[str, Schema] = parameters.get("properties", {})
    mistakes = [
        f"`{name}` is missing: {expected(known[name])}"
        for name in parameters.get("required", [])
        if name not in arguments
    ]
    for name in (name for name in arguments if name not in known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known) or 'none'}"
        mistakes.append(f"`{name[:_SHOWN]}` does not exist; {hint}")
    return mistakes


def expected(node: Schema) -> str:
    """Say in a few words what a value must be."""
    if "anyOf" in node:
        return " or ".join(expected(branch) for branch in node["anyOf"])
    if "enum" in node:
        return "one of " + ", ".join(
            json.dumps(value, ensure_ascii=False) for value in node["enum"]
        )
    kind = str(node.get("type", "anything"))
    return f"{kind} of {expected(node['items'])}" if "items" in node else kind


def _target(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that carries annotations and docstring."""
    if isinstance(function, functools.partial):
        return _target(function.func)
    if hasattr(function, "__name__"):
        return function
    return type(function).__call__


def _hints(target: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(target, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise SettingsError(
            f"An annotation of {name} cannot be read: {error}.",
            "Define the type at the top level of the notebook, before the function.",
        ) from error


def _guess(default: object) -> Any:
    """The type of a parameter without annotation: its default's, or anything."""
    plain = (str, bool, int, float, list, dict, tuple)
    return type(default) if type(default) in plain else Any


def _property(
    tool: str, parameter: inspect.Parameter, hint: Any, words: str
) -> tuple[TypeAdapter[Any], Schema]:
    """One parameter's check and MFJS schema; `words` is what the docstring says of it."""
    from pydantic import PydanticUserError, TypeAdapter  # noqa: PLC0415 -- slow; see check
    from pydantic.fields import FieldInfo  # noqa: PLC0415 -- slow; see check
    from pydantic_core import SchemaError  # noqa: PLC0415 -- slow; see check

    if isinstance(parameter.default, FieldInfo):
        raise SettingsError(
            f"The default of {parameter.name} in {tool} is a Field.",
            f"Write `{parameter.name}: Annotated[…, Field(…)] = default`.",
        )
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a default that JSON cannot hold is left out
            schema = adapter.json_schema()
    except (PydanticUserError, SchemaError, NameError, TypeError) as error:
        kind = getattr(hint, "__name__", str(hint))
        old = getattr(error, "code", None) == "typed-dict-version"
        raise SettingsError(
            f"The parameter {parameter.name} of {tool} has the type {kind}, which a model cannot "
            "write as JSON.",
            "Use the TypedDict of typing_extensions."
            if old
            else "Take the name of a variable as str, or plain values.",
        ) from error
    words = next(filter(None, map(_description, getattr(hint, "__metadata__", ()))), words)
    if words:
        schema["description"] = words
    if parameter.default is None:
        return adapter, without_null(restricted(schema))
    return adapter, restricted(schema | _default(adapter, parameter.default))


def _description(metadata: object) -> str:
    """What one piece of `Annotated` metadata says in words: text, or a Field's description."""
    words = metadata if isinstance(metadata, str) else getattr(metadata, "description", None)
    return words if isinstance(words, str) else ""


def _default(adapter: TypeAdapter[Any], default: object) -> Schema:
    """The default as JSON, where it has such a form."""
    from pydantic_core import PydanticSerializationError  # noqa: PLC0415 -- slow; see check

    if default is _NO_DEFAULT:
        return {}
    try:
        value = adapter.dump_python(default, mode="json", warnings=False)
        json.dumps(value)
    except (PydanticSerializationError, TypeError, ValueError):
        return {}
    return {"default": value}


def _value_mistakes(name: str, value: object, error: ValidationError) -> list[str]:
    """One line for each thing that pydantic found wrong with a parameter's value."""
    lines = []
    for found in error.errors(include_url=False)[:_MAX_MISTAKES]:
        place = name + _place(value, found["loc"])
        got = "" if found["type"] == "missing" else f"; got {_short(found['input'])}"
        lines.append(f"`{place}`: {found['msg']}{got}")
    return list(dict.fromkeys(lines))


def _place(value: Any, location: tuple[int | str, ...]) -> str:
    """Where in a value pydantic found a mistake; names of union branches are left out."""
    place = ""
    for i, key in enumerate(location):
        last = i == len(location) - 1
        if isinstance(key, int) and isinstance(value, list) and key < len(value):
            place, value = f"{place}[{key}]", value[key]
        elif isinstance(value, dict) and (key in value or last):
            place, value = f"{place}.{key}", value.get(key)
    return place


def _faults(value: object, node: Schema, place: str) -> list[str]:
    """What is wrong with a value by an MFJS node: kind, choice, elements and fields."""
    if "anyOf" in node:
        if any(not _faults(value, branch, place) for branch in node["anyOf"]):
            return []
    elif _is_a(value, node.get("type")) and value in node.get("enum", [value]):
        return _inner_faults(value, node, place)
    return [f"`{place}`: expected {expected(node)}; got {_short(value)}"]


def _inner_faults(value: object, node: Schema, place: str) -> list[str]:
    faults: list[str] = []
    if isinstance(value, list) and "items" in node:
        for i, element in enumerate(value):
            faults += _faults(element, node["items"], f"{place}[{i}]")
    if isinstance(value, dict):
        inner = node.get("properties", {})
        missing = [name for name in node.get("required", []) if name not in value]
        faults += [f"`{place}.{name}` is missing" for name in missing]
        for name in filter(inner.__contains__, value):
            faults += _faults(value[name], inner[name], f"{place}.{name}")
    return faults[:_MAX_MISTAKES]


def _is_a(value: object, kind: object) -> bool:
    """Whether a JSON value is of a schema type (a truth value is no number)."""
    types: dict[object, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "object": (dict,),
        "array": (list,),
        "null": (type(None),),
    }
    if isinstance(value, bool):
        return kind in ("boolean", None)
    return isinstance(value, types.get(kind, (object,)))


def _short(value: object) -> str:
    """A wrong value, bounded, as the model wrote it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text
