"""The owner's page: the node in a browser, on this computer, over the same use cases as the API."""

from __future__ import annotations

from meshnode.web.serve import serve
from meshnode.web.serve_phones import serve_phones

__all__ = ["serve", "serve_phones"]
