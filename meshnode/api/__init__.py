"""The node's local HTTP API, on a Unix socket that only its owner may open."""

from __future__ import annotations

from meshnode.api.serve import serve

__all__ = ["serve"]
