"""The owner's page: the node in a browser, on this computer, over the same use cases as the API."""

from __future__ import annotations

from meshnode.web.serve import serve

__all__ = ["serve"]
