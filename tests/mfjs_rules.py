"""Moonshot's rules for a tool's schema, read once more: shares no code with the package.

Calibrated by hand against the published test cases of Moonshot's own checker.
"""

from __future__ import annotations

import json
import re
from typing import Any

ALLOWED = {
    "object": {"type", "description", "properties", "required", "additionalProperties"},
    "array": {"type", "description", "items", "minItems", "maxItems"},
    "string": {"type", "description", "enum", "default", "minLength", "maxLength"},
    "integer": {"type", "description", "enum", "default", "minimum", "maximum"},
    "number": {"type", "description", "enum", "default", "minimum", "maximum"},
    "boolean": {"type", "description", "default"},
    "null": {"type", "description"},
}
PYTHON = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
FORBIDDEN_PROPERTIES = {"$defs", "$ref", "anyOf", "required", "additionalProperties", ""}


def violations(node: object, path: str = "") -> list[str]:
    if not isinstance(node, dict):
        return [f"{path}: a schema must be an object, not {node!r}"]
    if "anyOf" in node:
        if set(node) != {"anyOf"} or not 2 <= len(node["anyOf"]) <= 10:
            return [f"{path}: something beside anyOf, or a wrong number of branches"]
        found = [f"{path}: nested anyOf" for branch in node["anyOf"] if "anyOf" in branch]
        for i, branch in enumerate(node["anyOf"]):
            found += violations(branch, f"{path}/anyOf/{i}")
        return found
    kind = node.get("type")
    if not isinstance(kind, str) or kind not in ALLOWED:
        return [f"{path}: no type, or a wrong one: {kind!r}"]
    found = [f"{path}: {key} is not allowed" for key in node.keys() - ALLOWED[kind]]
    if not isinstance(node.get("description", ""), str):
        found.append(f"{path}: description is no text")
    found += value_violations(node, kind, path) + bound_violations(node, path)
    for key in {"items", "additionalProperties"} & node.keys():
        found += violations(node[key], f"{path}/{key}")
    return found + property_violations(node, path)


def property_violations(node: dict[str, Any], path: str) -> list[str]:
    properties = node.get("properties", {})
    found = [f"{path}: property {name!r}" for name in FORBIDDEN_PROPERTIES & set(properties)]
    required = node.get("required", [])
    if len(set(required)) != len(required) or not set(required) <= set(properties):
        found.append(f"{path}: required names what is no property, or twice")
    for name, value in properties.items():
        found += violations(value, f"{path}/{name}")
    return found


def value_violations(node: dict[str, Any], kind: str, path: str) -> list[str]:
    values = node.get("enum", [])
    if "enum" in node and not (isinstance(values, list) and values):
        return [f"{path}: an enum must list something"]
    if "default" in node:
        values = [*values, node["default"]]
    return [
        f"{path}: {value!r} is no {kind}"
        for value in values
        if not isinstance(value, PYTHON[kind])
        or (isinstance(value, bool) and kind != "boolean")
        or (isinstance(value, float) and not re.fullmatch(r"-?\d+\.\d+", json.dumps(value)))
    ]


def bound_violations(node: dict[str, Any], path: str) -> list[str]:
    found = []
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        number = {"number": r"-?\d+(\.\d+)?", "integer": r"-?\d+"}.get(node["type"], r"\d+")
        found += [
            f"{path}: {key} is {node[key]!r}"
            for key in (low, high)
            if key in node and not re.fullmatch(number, json.dumps(node[key]))
        ]
        if low in node and high in node and node[low] > node[high]:
            found.append(f"{path}: {low} over {high}")
    return found
