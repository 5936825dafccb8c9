"""The description of the API in OpenAPI 3.1, made from the addresses that there are and from what is said of each."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from petition.api.description import OPERATIONS, SCHEMAS, Operation, Parameter

INFO = {
    "title": "Open letters",
    "version": "1",
    "description": (
        "Published open letters, their numbers and their public signatories; nothing that the public pages do not show. No key, no "
        "cookie. Only GET, HEAD and OPTIONS are taken. Unknown parameters are ignored; fields may be added to answers, none is taken away "
        "or changes its meaning while the address begins with /api/v1."
    ),
}
KNOWN: dict[str, Any] = {
    "name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "description": "The ETag of the answer you have",
}  # fmt: skip
# What Flask calls the parts of an address, and the schema of each.
PLACES = {
    "slug": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 80, "description": "The letter's name in its address"},
}  # fmt: skip


def document(app: Flask, base_url: str) -> dict[str, Any]:
    """The whole description; raises KeyError for a view that is not described."""
    paths = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            paths[path] = {"get": _operation(rule.endpoint.removeprefix("api."), sorted(rule.arguments))}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": SCHEMAS, "headers": HEADERS, "responses": _refusals()},
    }


def _operation(name: str, places: list[str]) -> dict[str, Any]:
    said = OPERATIONS[name]
    parameters: list[dict[str, Any]] = [{"name": each, "in": "path", "required": True, "schema": PLACES[each]} for each in places]
    parameters += [_parameter(each) for each in said.parameters]
    parameters.append(KNOWN)
    refused = ["400", *(["404"] if places else []), "503"]
    return {
        "operationId": name, "summary": said.summary, "description": said.words, "parameters": parameters,
        "responses": {
            "200": _answer(said),
            "304": {"description": "You have it already", "headers": _headers(said, "ETag", "Cache-Control")},
            **{status: {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in refused},
        },
    }  # fmt: skip


def _parameter(said: Parameter) -> dict[str, Any]:
    return {"name": said.name, "in": "query", "schema": said.schema, "description": said.words}


def _answer(said: Operation) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{said.answer}"}
    headers = _headers(said, "ETag", "Cache-Control", "X-Robots-Tag")
    return {"description": said.summary, "headers": headers, "content": {"application/json": {"schema": schema}}}


def _headers(said: Operation, *names: str) -> dict[str, Any]:
    shown = (*names, "Access-Control-Allow-Origin") if said.open_to_all else names
    return {name: {"$ref": f"#/components/headers/{name}"} for name in shown}


def _header(words: str, **schema: Any) -> dict[str, Any]:
    return {"description": words, "required": True, "schema": {"type": "string", **schema}}


HEADERS = {
    "ETag": _header("Names these bytes; give it back as If-None-Match"),
    "Cache-Control": _header("For how long a cache may keep it"),
    "X-Robots-Tag": _header("Search engines keep to the pages", enum=["noindex"]),
    "Access-Control-Allow-Origin": _header("Scripts of every site may read it", enum=["*"]),
    "Retry-After": _header("Seconds after which to come back", pattern="^[0-9]+$"),
}
_NAMES = {"400": "BadRequest", "404": "NotFound", "503": "Busy"}
_WORDS = {
    "400": "A parameter has a value that it cannot have (bad_parameter), `after` is no cursor of this list (bad_cursor), or the address "
    "holds a NUL (bad_request)",
    "404": "No letter of that name is published (not_found)",
    "503": "The database cannot be reached (busy); caches may go on giving what they have",
}  # fmt: skip


def _refusals() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    found: dict[str, Any] = {}
    for status, name in _NAMES.items():
        headers = ["Cache-Control", *(["Retry-After"] if status == "503" else [])]
        found[name] = {
            "description": _WORDS[status], "content": content,
            "headers": {each: {"$ref": f"#/components/headers/{each}"} for each in headers},
        }  # fmt: skip
    return found
