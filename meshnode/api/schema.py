"""Shapes of what goes in and out: dataclasses say it once; this file reads JSON by them, writes it, and describes it.

Only what the API uses is known here: strings, whole and other numbers, booleans, None, tuples, unions with None, and
dataclasses of those. `schema` speaks JSON Schema 2020-12, as OpenAPI 3.1 does.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from meshnode.app.listings.listings import Unset
from meshnode.errors import Usage

Shape = TypeVar("Shape")

WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
JSON_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
WHOLE_MAX = 2**53 - 1  # what every JSON reader keeps exactly


# --- JSON to values ------------------------------------------------------------------------------------------------


def read(shape: type[Shape], value: Any) -> Shape:
    """`value` (parsed JSON) as a `shape`; raises Usage that names the first field at fault."""
    if not isinstance(value, dict):
        raise Usage("the body must be a JSON object")
    known = hints(shape)
    for name in value:
        if name not in known:
            raise Usage(f"there is no field {name!r} here", f"there are: {', '.join(known)}")
    given = {name: _read(known[name], content, name) for name, content in value.items()}
    for field in fields(shape):  # type: ignore[arg-type]
        if field.name not in given and _required(field):
            raise Usage(f"{field.name!r} is missing")
    return shape(**given)


def read_query(shape: type[Shape], pairs: list[tuple[str, str]]) -> Shape:
    """Query parameters as a `shape`: texts are read as what the field wants, repeated ones as tuples."""
    known = hints(shape)
    value: dict[str, Any] = {}
    for name, text in pairs:
        wanted = _without_none(known.get(name))
        if get_origin(wanted) is tuple:
            value.setdefault(name, []).append(text)
        elif name in value:
            raise Usage(f"{name!r} is given twice")
        else:
            value[name] = _from_text(wanted, text)
    return read(shape, value)


def _from_text(wanted: Any, text: str) -> Any:
    if wanted is bool:
        return {"true": True, "false": False}.get(text, text)
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError:
            return text  # `read` says what is wrong with it
    return text


def _read(wanted: Any, value: Any, name: str) -> Any:
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        if value is None and NoneType in get_args(wanted):
            return None
        return _read(_without_none(wanted), value, name)
    if origin is tuple:
        if not isinstance(value, list):
            raise Usage(f"{name!r} must be a list")
        return tuple(_read(get_args(wanted)[0], item, name) for item in value)
    if is_dataclass(wanted) and isinstance(wanted, type):
        return read(wanted, value)
    return _read_plain(wanted, value, name)


def _read_plain(wanted: Any, value: Any, name: str) -> Any:
    if wanted is float and type(value) is int and abs(value) <= WHOLE_MAX:
        value = float(value)
    if type(value) is not wanted:
        raise Usage(f"{name!r} must be {WORDS[wanted]}")
    if wanted is float and not math.isfinite(value):
        raise Usage(f"{name!r} must be a number")
    if wanted is int and abs(value) > WHOLE_MAX:
        raise Usage(f"{name!r} is too large")
    if wanted is str and not _encodable(value):
        raise Usage(f"{name!r} holds what is no text", "half of a surrogate pair, or bytes that are not UTF-8")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- values to JSON ------------------------------------------------------------------------------------------------


def write(value: Any) -> Any:
    """`value` as what `json.dumps` takes: dataclasses become objects, field by field in their order."""
    if is_dataclass(value) and not isinstance(value, type):
        return {_outside(name): write(getattr(value, name)) for name in hints(type(value))}
    if isinstance(value, tuple):
        return [write(item) for item in value]
    return value


def _outside(name: str) -> str:
    """A field's name in JSON: what Python keeps for itself has an underscore behind it here (`with_`)."""
    return name.rstrip("_")


# --- description ---------------------------------------------------------------------------------------------------


def schema(shape: Any) -> dict[str, Any]:
    """The JSON Schema of `shape`; dataclasses are referred to by name (see `named_schemas`)."""
    if is_dataclass(shape) and isinstance(shape, type):
        return {"$ref": f"#/components/schemas/{shape.__name__}"}
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Union, UnionType):
        described = [schema(argument) for argument in arguments if argument is not Unset]
        return described[0] if len(described) == 1 else {"anyOf": described}
    if origin is tuple:
        return {"type": "array", "items": schema(arguments[0])}
    return {"type": JSON_NAMES[shape]}


def named_schemas(read: list[type], written: list[type]) -> dict[str, Any]:
    """Return by name the schemas of these dataclasses and of all they mention.

    Of what is read only fields without a default are required; what is written always has all of its fields.
    """
    return dict(sorted({**_schemas(written, complete=True), **_schemas(read, complete=False)}.items()))


def _schemas(shapes: list[type], *, complete: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [inner for shape in shapes for inner in _dataclasses_in(shape)]
    while waiting:
        shape = waiting.pop()
        if shape.__name__ in found:
            continue
        known = hints(shape)
        described: dict[str, Any] = {
            "type": "object",
            "properties": {_outside(name): schema(wanted) for name, wanted in known.items()},
            "required": [_outside(field.name) for field in fields(shape) if complete or _required(field)],
            "additionalProperties": False,
        }
        if shape.__doc__:
            described["description"] = " ".join(shape.__doc__.split())
        found[shape.__name__] = described
        waiting += [inner for wanted in known.values() for inner in _dataclasses_in(wanted)]
    return found


def query_parameters(shape: type) -> list[dict[str, Any]]:
    """The fields of `shape` as OpenAPI query parameters."""
    return [
        {
            "name": field.name,
            "in": "query",
            "required": _required(field),
            "schema": schema(_without_none(hints(shape)[field.name])),
        }
        for field in fields(shape)
    ]


def _dataclasses_in(wanted: Any) -> list[type]:
    if is_dataclass(wanted) and isinstance(wanted, type):
        return [wanted]
    return [found for argument in get_args(wanted) for found in _dataclasses_in(argument)]


def hints(shape: type) -> dict[str, Any]:
    """Field names of the dataclass `shape` and their types, in order."""
    return _hints(shape)


@cache
def _hints(shape: Any) -> dict[str, Any]:
    resolved = get_type_hints(shape)
    return {field.name: resolved[field.name] for field in fields(shape)}


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _without_none(wanted: Any) -> Any:
    if get_origin(wanted) not in (Union, UnionType):
        return wanted
    return next(argument for argument in get_args(wanted) if argument is not NoneType)
