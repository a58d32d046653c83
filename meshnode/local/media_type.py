"""Reads what kind of body a request has, by its Content-Type."""

from __future__ import annotations

from starlette.requests import Request


def media_type(request: Request) -> str:
    """Return the media type of the body in small letters, without parameters such as its charset; empty if there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
