"""Holds an answer against its schema in the API's own OpenAPI; the part of JSON Schema that the description uses, and no more."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}
FORMATS: dict[str, Any] = {"date": date.fromisoformat, "date-time": datetime.fromisoformat, "uri": urlsplit, "uuid": UUID}
KNOWN = {
    "type", "description", "properties", "required", "additionalProperties", "items", "enum", "pattern", "format", "minimum", "maximum",
    "maxLength", "default", "$ref",
}  # fmt: skip


def check(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "answer") -> None:
    """Raise AssertionError unless the value is what the schema says, down to the last field."""
    assert schema.keys() <= KNOWN, f"{where}: this check does not know {schema.keys() - KNOWN}"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return check(value, document["components"]["schemas"][name], document, where)
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    assert any(isinstance(value, TYPES[each]) and (each == "boolean") == isinstance(value, bool) for each in types), f"{where}: {value!r}"
    assert value in schema.get("enum", [value]), f"{where}: {value!r}"
    if isinstance(value, str):
        assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}"
        FORMATS.get(schema.get("format", ""), str)(value)
    if isinstance(value, int):
        assert value >= schema.get("minimum", value), f"{where}: {value!r}"
    for index, each in enumerate(value if isinstance(value, list) else ()):
        check(each, schema["items"], document, f"{where}[{index}]")
    if isinstance(value, dict):
        _check_object(value, schema, document, where)


def _check_object(value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], where: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    assert set(schema.get("required", ())) <= value.keys(), f"{where}: no {set(schema['required']) - value.keys()}"
    for name, each in value.items():
        if name in known:
            check(each, known[name], document, f"{where}.{name}")
        else:
            assert others, f"{where}: {name} is not described"
            if isinstance(others, dict):
                check(each, others, document, f"{where}.{name}")
