"""Moonshot Flavored JSON Schema: the subset that `tools[].function.parameters` must keep to.

Rules and the form of the error text follow Moonshot's published specification and checker
(github.com/MoonshotAI/walle) at its strict level, and one rule more that users have met on the
hosted API: a property needs a `type` even beside an `enum`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TYPES = ("null", "boolean", "object", "array", "number", "integer", "string")
NOTES = {"description", "title", "default"}
ROOT_ONLY = {"$defs", "$id"}
KEYWORDS: dict[str, set[str]] = {
    "null": set(),
    "boolean": set(),
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "number": {"enum", "minimum", "maximum"},
    "integer": {"enum", "minimum", "maximum"},
    "string": {"enum", "minLength", "maxLength", "pattern"},
}
RESERVED_NAMES = {"$defs", "$ref", "anyOf", "required", "additionalProperties"}


def first_fault(schema: Any) -> str | None:
    """Say what is wrong with a schema, as `At path '…': …`, or None."""
    if not isinstance(schema, dict):
        return "At path '': schema must be a dict"
    defs = schema.get("$defs", {})
    if schema and schema.get("type") != "object":
        return "At path '': the root schema must be of type object"
    for path, why in _faults(schema, "", defs if isinstance(defs, dict) else {}):
        return f"At path '{path}': {why}"
    return None


def _faults(schema: Any, path: str, defs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        yield path, "schema must be an object, not a boolean or another literal"
        return
    root = ROOT_ONLY if path == "" else set()
    if "$ref" in schema:
        yield from _reference_faults(schema, path, defs)
    elif "anyOf" in schema:
        yield from _any_of_faults(schema, path, defs)
    elif schema:
        yield from _typed_faults(schema, path, root)
    for below, inner in _children(schema, path):
        yield from _faults(inner, below, defs)


def _reference_faults(
    schema: dict[str, Any], path: str, defs: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    target = schema["$ref"]
    if not isinstance(target, str):
        yield path, "$ref must be a string"
    elif target != "#" and not target.startswith("#/$defs/"):
        yield path, "references must start with #/$defs/"
    elif target != "#" and target.removeprefix("#/$defs/") not in defs:
        yield path, f"$defs not found for reference {target}"
    if "type" in schema:
        yield path, "when using $ref, type should be defined in the referenced schema"
    extra = set(schema) - {"$ref"} - NOTES
    if extra:
        yield path, f"invalid keywords beside $ref: {_listed(extra)}"


def _any_of_faults(
    schema: dict[str, Any], path: str, defs: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    branches = schema["anyOf"]
    if not isinstance(branches, list):
        yield path, "anyOf must be an array"
    elif not branches:
        yield path, "anyOf must have at least one schema"
    elif not all(isinstance(branch, dict) for branch in branches):
        yield path, "schema in anyOf must be an object"
    if "type" in schema:
        yield path, "when using anyOf, type should be defined in anyOf items"
    extra = set(schema) - {"anyOf"} - NOTES - (ROOT_ONLY if defs and path == "" else set())
    if extra:
        yield path, f"invalid keywords beside anyOf: {_listed(extra)}"


def _typed_faults(schema: dict[str, Any], path: str, root: set[str]) -> Iterator[tuple[str, str]]:
    if "type" not in schema:
        yield path, "type is not defined"
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not types:
        yield path, "type array cannot be empty"
    for name in types:
        if not isinstance(name, str):
            yield path, "type must be string or array of strings"
            return
        if name not in TYPES:
            yield path, f"invalid type {name!r}"
            return
    allowed = NOTES | root | {"type"} | set().union(*(KEYWORDS[name] for name in types))
    extra = set(schema) - allowed
    if extra:
        yield path, f"invalid keywords for type {'/'.join(types)}: {_listed(extra)}"
    yield from _value_faults(schema, path)


def _value_faults(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Faults in the values of keywords that are allowed where they stand."""
    if "enum" in schema:
        values = schema["enum"]
        kinds = {type(v) for v in values} if isinstance(values, list) else set()
        if not kinds <= {str} and not kinds <= {int, float}:
            yield path, "enum items must be strings or numbers of one type, never null"
        elif not kinds:
            yield path, "enum must be an array with items"
    if not isinstance(schema.get("description", ""), str):
        yield path, "description must be a string"
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        yield path, "properties must be an object"
        return
    for name in RESERVED_NAMES & set(properties):
        yield path, f"a property must not be named {name!r}"
    required = schema.get("required", [])
    if not isinstance(required, list) or not set(map(str, required)) <= set(properties):
        yield path, "required must list names of properties"
    if not isinstance(schema.get("additionalProperties", True), (bool, dict)):
        yield path, "additionalProperties must be a boolean or an object"


def _children(schema: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    dot = f"{path}." if path else ""
    for key in ("properties", "$defs"):
        members = schema.get(key)
        if isinstance(members, dict):
            for name, inner in members.items():
                yield f"{dot}{key}.{name}", inner
    if "items" in schema:
        yield f"{dot}items", schema["items"]
    if isinstance(schema.get("additionalProperties"), dict):
        yield f"{dot}additionalProperties", schema["additionalProperties"]
    if isinstance(schema.get("anyOf"), list):
        for i, inner in enumerate(schema["anyOf"]):
            yield f"{dot}anyOf.{i}", inner


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
