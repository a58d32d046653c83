"""Writes what others share as a feed for readers of news (RFC 4287)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from meshnode.text import calendar as text
from meshnode.text import forms

MEDIA_TYPE = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOT_IN_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")  # XML 1.0, section 2.2


def feed_file(listings: Sequence[dict[str, Any]], address: str, page: str) -> bytes:
    """Return these listings (ListingView) as a feed, which has this address; `page` is that of the page."""
    feed = ET.Element("feed", xmlns=_NAMESPACE)
    _add(feed, "id", address)
    _add(feed, "title", text.FEED_NAME)
    _add(feed, "updated", _moment(max((listing["created"] for listing in listings), default=0)))
    ET.SubElement(feed, "link", rel="self", href=address)
    ET.SubElement(feed, "link", rel="alternate", href=f"{page}/discover")
    for listing in listings:
        _add_listing(feed, listing, page)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add_listing(feed: ET.Element, listing: dict[str, Any], page: str) -> None:
    entry = ET.SubElement(feed, "entry")
    _add(entry, "id", f"urn:meshnode:post:{listing['id']}")
    _add(entry, "title", text.title(listing))
    _add(entry, "updated", _moment(listing["created"]))
    _add(ET.SubElement(entry, "author"), "name", listing["author"]["name"])
    ET.SubElement(entry, "link", rel="alternate", href=f"{page}/posts/{listing['id']}")
    _add(entry, "summary", text.facts(listing))
    if listing["text"]:
        _add(entry, "content", listing["text"])


def _add(parent: ET.Element, name: str, words: str) -> None:
    """Add an element with words, which a reader takes as plain text unless it is told otherwise."""
    ET.SubElement(parent, name).text = _NOT_IN_XML.sub("\ufffd", words)


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(seconds, forms.LAST_SECOND)))
