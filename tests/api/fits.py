"""Compares an answer with an OpenAPI document: its route, its status, and every field of its body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from meshnode.local.event_stream import EVENTS
from tests.api.context import Answer

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfits(document: dict[str, Any], method: str, path: str, answer: Answer) -> Iterator[str]:
    """Yield each difference between `answer` and the document. A request that is not described must get an error."""
    operation = _operation(document, method, path)
    where = f"{method} {path} -> {answer.status}"
    if isinstance(answer.body, str):
        if operation is None or EVENTS not in operation["responses"][str(answer.status)]["content"]:
            yield f"{where}: a stream, but not described as one"
        return
    if answer.headers.get("content-type") != "application/json":
        yield f"{where}: not JSON"
    if path == "/openapi.json" and answer.status == 200:
        return
    if operation is None or (answer.status in (404, 405) and str(answer.status) not in operation["responses"]):
        schema: dict[str, Any] = {"$ref": "#/components/schemas/ErrorReply"}
        if answer.status < 400:
            yield f"{where}: answered, but not described"
    elif str(answer.status) not in operation["responses"]:
        yield f"{where}: no such status is described"
        return
    else:
        schema = operation["responses"][str(answer.status)]["content"]["application/json"]["schema"]
    for fault in faults(document, schema, answer.body):
        yield f"{where}: {fault}"


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    paths = document["paths"]
    if path not in paths:
        described = [
            known for known in paths if known.endswith("/{who}") and path.startswith(known.removesuffix("{who}"))
        ]
        path = max(described, key=len, default=path)
    operation: dict[str, Any] | None = paths.get(path, {}).get(method.lower())
    return operation


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "body") -> Iterator[str]:
    """Yield each difference between `value` and `schema` (in the part of JSON Schema that the API uses)."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        if all(list(faults(document, option, value, where)) for option in schema["anyOf"]):
            yield f"{where}: {value!r} fits none of {schema['anyOf']}"
        return
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{where}: {value!r} is not of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if kind == "object":
        yield from _object_faults(document, schema, value, where)
    if kind == "array":
        for index, item in enumerate(value):
            yield from faults(document, schema["items"], item, f"{where}[{index}]")


def _object_faults(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: {name} is missing"
    for name, item in value.items():
        if name in known:
            yield from faults(document, known[name], item, f"{where}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}: {name} is not described"
