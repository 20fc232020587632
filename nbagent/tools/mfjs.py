"""JSON schema in the subset that Moonshot accepts ("Moonshot flavoured", MFJS).

The endpoint refuses a whole request whose tool schema uses a keyword that it does not know. The
subset, as published with Moonshot's own checker: every node has one `type` or an `anyOf` with
nothing beside it; enums are of one kind, text or numbers; no `$ref` beside other keywords, no
tuples, patterns, formats or exclusive bounds. What the subset cannot say is said in words, in
the description; pydantic still checks it when a call comes in.

Read next: `nbagent.tools.schema`, which makes the schemas that are restricted here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from nbagent.errors import SettingsError

Schema: TypeAlias = dict[str, Any]

_SCALARS = ("string", "integer", "number", "boolean")
_ANY = (*_SCALARS[:1], *_SCALARS[2:], "object", "array", "null")
_BOUNDS = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}
_IN_WORDS = {
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "pattern": "matches the pattern {}",
    "format": "format {}",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
}
_RESERVED = {"$defs", "$ref", "anyOf", "required", "additionalProperties"}
"""Words that may not name a property."""


def restricted(schema: Schema) -> Schema:
    """Rewrite a JSON schema (draft 2020-12, as pydantic makes it) into the accepted subset.

    Args:
        schema: the schema of one value; `$defs` at its root are inlined.

    Raises:
        SettingsError: the type contains itself, or a field has a name that is not accepted.
    """
    return _node(schema, schema.get("$defs", {}), ())


def check_property_names(names: Iterable[str]) -> None:
    """Refuse names of parameters or fields that the endpoint refuses (`SettingsError`)."""
    reserved = sorted(_RESERVED.intersection(names))
    if reserved:
        raise SettingsError(
            f"A parameter cannot be called {reserved[0]!r}; the endpoint keeps that word.",
            "Give it another name.",
        )


def _node(schema: Schema, defs: Mapping[str, Schema], trail: tuple[str, ...]) -> Schema:
    schema, trail = _inlined(schema, defs, trail)
    words = _words(schema)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        branches = [_node(option, defs, trail) for option in options]
        return _any_of(branches, words, schema.get("default"))
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    if "enum" in schema:
        return _any_of(_enums(schema["enum"]), words, schema.get("default"))
    kind = schema.get("type") or _implied(schema)
    if isinstance(kind, list):
        return _any_of([_node({**schema, "type": k}, defs, trail) for k in kind], "")
    if kind is None:
        return _any_of([{"type": k} for k in _ANY], words)
    node: Schema = {"type": kind}
    if kind == "object":
        node |= _object(schema, defs, trail)
    elif kind == "array":
        items, order = _items(schema, defs, trail)
        node |= items
        words = _joined(words, order)
    node |= {k: schema[k] for k in _BOUNDS.get(kind, ()) if _is_bound(schema.get(k), kind)}
    if kind == "integer":
        node |= _whole_bounds(schema)
    if words:
        node["description"] = words
    return _with_default(node, schema.get("default"))


def _inlined(
    schema: Schema, defs: Mapping[str, Schema], trail: tuple[str, ...]
) -> tuple[Schema, tuple[str, ...]]:
    """Replace `$ref` and `allOf` by what they stand for; keywords beside them stay in force."""
    while "$ref" in schema or "allOf" in schema:
        schema = dict(schema)
        if "$ref" in schema:
            name = schema.pop("$ref").rsplit("/", 1)[-1]
            if name in trail:
                raise SettingsError(
                    f"The type {name} contains itself, which a tool's parameters cannot.",
                    "Take a flat list, or JSON text that the function parses.",
                )
            trail = (*trail, name)
            schema = {**defs[name], **schema}
        else:
            for part in schema.pop("allOf"):
                schema = {**part, **schema}
    return schema, trail


def _implied(schema: Schema) -> str | None:
    """The type of a node that does not say it."""
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else None


def _object(schema: Schema, defs: Mapping[str, Schema], trail: tuple[str, ...]) -> Schema:
    node: Schema = {}
    required = schema.get("required", [])
    properties: dict[str, Schema] = schema.get("properties", {})
    check_property_names(properties)
    if properties:
        node["properties"] = {
            name: without_null(_node(value, defs, trail))
            if name not in required and value.get("default") is None
            else _node(value, defs, trail)
            for name, value in properties.items()
        }
    if required:
        node["required"] = list(required)
    patterns = list(schema.get("patternProperties", {}).values())
    others = schema.get("additionalProperties") or (patterns[0] if patterns else None)
    if isinstance(others, dict) and others:
        node["additionalProperties"] = _node(others, defs, trail)
    return node


def without_null(node: Schema) -> Schema:
    """Leave `null` out of a value's choices: for a field that can be left out instead."""
    if "anyOf" not in node:
        return node
    nothing = [branch for branch in node["anyOf"] if branch["type"] == "null"]
    words = nothing[0].get("description", "") if nothing else ""
    return _any_of([b for b in node["anyOf"] if b["type"] != "null"] or node["anyOf"], words)


def _items(
    schema: Schema, defs: Mapping[str, Schema], trail: tuple[str, ...]
) -> tuple[Schema, str]:
    """The element schema of an array; a tuple's order, which the subset lacks, comes as words."""
    places = schema.get("prefixItems")
    if not places:
        items = schema.get("items")
        return ({"items": _node(items, defs, trail)} if items else {}), ""
    nodes = [_node(place, defs, trail) for place in places]
    kinds = [node.get("type") or "/".join(b["type"] for b in node["anyOf"]) for node in nodes]
    return {"items": _any_of(nodes, "")}, "in this order: " + ", ".join(kinds)


def _enums(values: list[Any]) -> list[Schema]:
    """One node for each kind of value; truth values and null have no enum in the subset."""
    nodes: list[Schema] = []
    for kind in ("string", "integer", "number", "boolean", "null"):
        same = [value for value in values if _kind_of(value) == kind]
        if not same:
            continue
        node: Schema = {"type": kind}
        if kind in _SCALARS[:3]:
            node["enum"] = same
        elif kind == "boolean" and len(same) == 1:
            node["description"] = f"must be {json.dumps(same[0])}"
        nodes.append(node)
    return nodes or [{"type": "string"}]


def _any_of(branches: list[Schema], words: str, default: Any = None) -> Schema:
    """Join branches into one node; nothing stands beside `anyOf`, so the first carries the words.

    A lone branch stands for itself.
    """
    flat: list[Schema] = []
    for branch in branches:
        flat += [b for b in branch.get("anyOf", [branch]) if b not in flat]
    first = flat[0]
    if len(flat) > 1 and default is not None and _kind_of(default):
        words = _joined(words, f"default {json.dumps(default, ensure_ascii=False)}")
    if words:
        first = {**first, "description": _joined(words, first.get("description", ""))}
    return {"anyOf": [first, *flat[1:]]} if len(flat) > 1 else _with_default(first, default)


def _with_default(node: Schema, default: Any) -> Schema:
    """Name the default of a scalar, which is all that the subset allows."""
    kind = _kind_of(default)
    fits = kind == node["type"] or (kind, node["type"]) == ("integer", "number")
    return {**node, "default": default} if fits and default is not None else node


def _words(schema: Schema) -> str:
    """The description, with what the subset cannot express."""
    whole = schema.get("type") == "integer"  # its exclusive bounds can be said in the schema
    notes = [
        text.format(schema[key])
        for key, text in _IN_WORDS.items()
        if key in schema and not (whole and key.startswith("exclusive"))
    ]
    if schema.get("uniqueItems"):
        notes.append("no element twice")
    keys = schema.get("propertyNames", {}).get("enum")
    if keys:
        notes.append("keys: " + ", ".join(map(str, keys)))
    default = schema.get("default")
    if isinstance(default, list | dict):
        notes.append(f"default {json.dumps(default, ensure_ascii=False)}")
    return _joined(schema.get("description", ""), "; ".join(notes))


def _joined(words: str, note: str) -> str:
    return f"{words} ({note})" if words and note else words or note


def _whole_bounds(schema: Schema) -> Schema:
    """Exclusive bounds of a whole number, as inclusive ones."""
    bounds: Schema = {}
    if isinstance(schema.get("exclusiveMinimum"), int):
        bounds["minimum"] = schema["exclusiveMinimum"] + 1
    if isinstance(schema.get("exclusiveMaximum"), int):
        bounds["maximum"] = schema["exclusiveMaximum"] - 1
    return bounds


def _is_bound(value: Any, kind: str) -> bool:
    """Whether a bound can be sent: a whole number, or any number for a `number`."""
    return _kind_of(value) in (("integer", "number") if kind == "number" else ("integer",))


def _kind_of(value: Any) -> str | None:
    """The schema type of a JSON scalar; None for what the endpoint cannot read.

    It reads neither infinities nor scientific notation.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float) and set(repr(value)) <= set("-.0123456789"):
        return "number"
    return None
