"""Reads JSON into structs, writes structs as JSON, and describes them in JSON Schema 2020-12 (as OpenAPI 3.1 does).

A shape is a `msgspec.Struct` whose fields are texts, whole numbers, other numbers, quantities, booleans, tuples, shapes, or unions of one of
these with None or `Unset`. This file checks input itself, because its rules are stricter than those of the library that
makes the structs: it refuses unknown fields, numbers that not every reader of JSON keeps exactly, and texts that are not
Unicode, and says so in words for people.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from meshnode.app.listings.listings import Unset
from meshnode.errors import Usage, field_called
from protocol import simplest

Shape = TypeVar("Shape", bound=Struct)

WORDS = {str: "a text", int: "a whole number", float: "a number", Decimal: "a number", bool: "true or false"}
SCHEMA_TYPES = {str: "string", int: "integer", float: "number", Decimal: "number", bool: "boolean", NoneType: "null"}
WHOLE_MAX = 2**53 - 1  # beyond it, readers of JSON that have only floating point numbers lose digits


# --- reading -------------------------------------------------------------------------------------------------------


def read(shape: type[Shape], value: Any) -> Shape:
    """Return `value` (parsed JSON) as a `shape`. Raises Usage, which names the first field that is wrong."""
    if not isinstance(value, dict):
        raise Usage("the body must be a JSON object")
    types = _types(shape)
    for name in value:
        if name not in types:
            raise Usage("there is no field {name} here", "there are: {words}", name=repr(name), words=", ".join(types))
    given = {name: _read(types[name], item, name) for name, item in value.items()}
    for field in fields(shape):
        if field.name not in given and field.required:
            raise Usage("{name} is missing", field=field_called(field.name), name=repr(field.name))
    return shape(**given)


def read_query(shape: type[Shape], pairs: list[tuple[str, str]]) -> Shape:
    """Return query parameters as a `shape`; a parameter that is repeated fills a tuple. Raises Usage as `read` does."""
    types = _types(shape)
    value: dict[str, Any] = {}
    for name, text in pairs:
        wanted = _without_none(types.get(name))
        if get_origin(wanted) is tuple:
            value.setdefault(name, []).append(text)
        elif name in value:
            raise Usage("{name} is given twice", field=field_called(name), name=repr(name))
        else:
            value[name] = _from_text(wanted, text)
    return read(shape, value)


def is_unicode(text: str) -> bool:
    """Whether `text` has only Unicode characters. JSON can also escape half of a surrogate pair, which is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _from_text(wanted: Any, text: str) -> Any:
    """Return the number or boolean that `text` spells; else `text`, which `read` then refuses in the right words."""
    if wanted is bool:
        return {"true": True, "false": False}.get(text, text)
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError:
            return text
    return text


def _read(wanted: Any, value: Any, name: str) -> Any:
    if value is None and NoneType in get_args(wanted):
        return None
    wanted = _without_none(wanted)
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise Usage("{name} must be a list", field=field_called(name), name=repr(name))
        return tuple(_read(get_args(wanted)[0], item, name) for item in value)
    if _is_shape(wanted):
        if not isinstance(value, dict):
            raise Usage("{name} must be an object", field=field_called(name), name=repr(name))
        return read(wanted, value)
    return _read_plain(wanted, value, name)


def _read_plain(wanted: Any, value: Any, name: str) -> Any:
    if wanted is Decimal and (type(value) is int or (type(value) is float and math.isfinite(value))):
        return simplest(Decimal(repr(value)))
    if wanted is float and type(value) is int and abs(value) <= WHOLE_MAX:
        value = float(value)
    if type(value) is not wanted or (wanted is float and not math.isfinite(value)):
        raise Usage("{name} must be {words}", field=field_called(name), name=repr(name), words=WORDS[wanted])
    if wanted is int and abs(value) > WHOLE_MAX:
        raise Usage("{name} is too large", field=field_called(name), name=repr(name))
    if wanted is str and not is_unicode(value):
        raise Usage(
            "{name} is not Unicode text",
            "it contains half of a surrogate pair",
            field=field_called(name),
            name=repr(name),
        )
    return value


# --- writing -------------------------------------------------------------------------------------------------------


def dump(value: Any) -> str:
    """Return `value` as JSON on one line. Structs become objects, with their fields in order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_members)


PART = 50  # items of one part, some 0.5 ms


def parts(value: Any) -> Iterator[str]:
    """Yield the text of `dump(value)` in parts, so that a reply with very many items need not be written at once."""
    members = _members(value) if isinstance(value, Struct) else None
    if isinstance(value, tuple) and len(value) > PART:
        for at in range(0, len(value), PART):
            yield ("," if at else "[") + dump(value[at : at + PART])[1:-1]
        yield "]"
    elif isinstance(members, dict) and any(isinstance(item, tuple) for item in members.values()):
        for number, (name, item) in enumerate(members.items()):
            yield ("," if number else "{") + f"{dump(name)}:"
            yield from parts(item)
        yield "}"
    else:
        yield dump(value)


def _members(value: Any) -> dict[str, Any] | float:
    if isinstance(value, Decimal):
        return float(value)
    return {_json_name(name): getattr(value, name) for name in value.__struct_fields__}


def _json_name(name: str) -> str:
    """Return the name of a field in JSON: Python reserves some words, so that `with` is the field `with_`."""
    return name.rstrip("_")


# --- describing ----------------------------------------------------------------------------------------------------


def schema(wanted: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type. It refers to shapes by name; `named_schemas` has them."""
    if _is_shape(wanted):
        return {"$ref": f"#/components/schemas/{wanted.__name__}"}
    if get_origin(wanted) in (Union, UnionType):
        options = [schema(option) for option in _options(wanted) if option is not Unset]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if get_origin(wanted) is tuple:
        return {"type": "array", "items": schema(get_args(wanted)[0])}
    return {"type": SCHEMA_TYPES[wanted]}


def named_schemas(read: list[Any], written: list[Any]) -> dict[str, Any]:
    """Return, by name, the schemas of all shapes in these types.

    In shapes that are read, a field with a default may be left out; shapes that are only written always have all fields.
    """
    found: dict[str, Any] = {}
    for wanted in read:
        _collect(wanted, found, complete=False)
    for wanted in written:
        _collect(wanted, found, complete=True)
    return dict(sorted(found.items()))


def _collect(wanted: Any, found: dict[str, Any], *, complete: bool) -> None:
    """Add the schemas of all shapes in `wanted` to `found`; in the `complete` ones every field is required."""
    inner = get_args(wanted)
    if _is_shape(wanted):
        name = wanted.__name__
        if name in found:
            return
        inner = tuple(_types(wanted).values())
        found[name] = {
            "type": "object",
            "properties": {_json_name(name): schema(found) for name, found in _types(wanted).items()},
            "required": [_json_name(field.name) for field in fields(wanted) if complete or field.required],
            "additionalProperties": False,
            "description": " ".join((wanted.__doc__ or "").split()),
        }
    for each in inner:
        _collect(each, found, complete=complete)


def query_parameters(shape: Any) -> list[dict[str, Any]]:
    """Return the fields of `shape` as OpenAPI query parameters."""
    return [
        {
            "name": field.name,
            "in": "query",
            "required": field.required,
            "schema": schema(_without_none(_types(shape)[field.name])),
        }
        for field in fields(shape)
    ]


# --- types ---------------------------------------------------------------------------------------------------------


def _resolved(shape: Any) -> dict[str, Any]:
    """Return the types of a shape's fields by name, in order."""
    resolved = get_type_hints(shape)
    return {name: resolved[name] for name in shape.__struct_fields__}


_types: Callable[[Any], dict[str, Any]] = cache(_resolved)  # as a decorator, mypy refuses classes as not hashable


def _is_shape(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Struct)


def _without_none(wanted: Any) -> Any:
    """Return the type of a field that is given and not null: the first of a union, and a type that is no union itself."""
    return _options(wanted)[0] if get_origin(wanted) in (Union, UnionType) else wanted


def _options(union: Any) -> tuple[Any, ...]:
    """Return the types of a union. A quantity (protocol.Quantity) is one type, though Python has two for it."""
    options = get_args(union)
    return tuple(option for option in options if option is not int) if Decimal in options else options
