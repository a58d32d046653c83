"""Says which addresses of the page a phone may use. What is not named here is for the computer itself."""

from __future__ import annotations

from enum import Enum

from meshnode.web.addresses import Method


class Right(Enum):
    """A right that an address of the page takes."""

    BROWSE = "browse"
    POST = "post"
    ANSWER = "respond and answer"
    ADD = "add a card"
    CARRY = "carry parcels"
    KEEP = "whom you trust and block, groups, cards, keys, devices, phones, exports, backups, and the exact place"


OF_PHONES = frozenset({Right.BROWSE, Right.POST, Right.ANSWER, Right.ADD, Right.CARRY})

RIGHTS: dict[tuple[Method, str], Right] = {
    ("GET", "/"): Right.BROWSE,
    ("POST", "/seen"): Right.BROWSE,
    ("GET", "/discover"): Right.BROWSE,
    ("GET", "/posts/{which:path}"): Right.BROWSE,
    ("GET", "/photos/{which}"): Right.BROWSE,
    ("GET", "/post"): Right.POST,
    ("POST", "/post"): Right.POST,
    ("GET", "/mine"): Right.POST,
    ("POST", "/mine/{which:path}"): Right.POST,
    ("POST", "/photos-of/{which:path}"): Right.POST,
    ("POST", "/ask/{which:path}"): Right.ANSWER,
    ("GET", "/exchanges"): Right.ANSWER,
    ("GET", "/exchanges/{which:path}"): Right.ANSWER,
    ("POST", "/exchanges/{which:path}"): Right.ANSWER,
    ("GET", "/more"): Right.BROWSE,
    ("GET", "/people"): Right.BROWSE,
    ("GET", "/people/{which:path}"): Right.BROWSE,
    ("POST", "/people/{which:path}"): Right.KEEP,
    ("GET", "/blocks"): Right.KEEP,
    ("GET", "/me"): Right.KEEP,
    ("POST", "/me"): Right.KEEP,
    ("GET", "/add"): Right.ADD,
    ("POST", "/add"): Right.ADD,
    ("GET", "/card"): Right.KEEP,
    ("POST", "/card"): Right.KEEP,
    ("GET", "/meet"): Right.KEEP,
    ("POST", "/meet"): Right.KEEP,
    ("GET", "/carry"): Right.CARRY,
    ("POST", "/carry"): Right.CARRY,
    ("POST", "/carry/in"): Right.CARRY,
    ("POST", "/carry/out/{which}"): Right.CARRY,
    ("GET", "/groups"): Right.BROWSE,
    ("POST", "/groups"): Right.KEEP,
    ("POST", "/groups/{which:path}"): Right.KEEP,
    ("GET", "/sharing"): Right.KEEP,
    ("POST", "/sharing"): Right.KEEP,
    ("GET", "/subscriptions"): Right.KEEP,
    ("POST", "/subscriptions"): Right.KEEP,
    ("GET", "/board"): Right.BROWSE,
    ("GET", "/searches"): Right.BROWSE,
    ("POST", "/searches"): Right.KEEP,
    ("POST", "/searches/{which:path}"): Right.KEEP,
    ("GET", "/status"): Right.KEEP,
    ("POST", "/status"): Right.KEEP,
    ("GET", "/data"): Right.KEEP,
    ("GET", "/data/export"): Right.KEEP,
    ("GET", "/devices"): Right.KEEP,
    ("POST", "/devices"): Right.KEEP,
    ("GET", "/devices/{which:path}"): Right.KEEP,
    ("POST", "/devices/{which:path}"): Right.KEEP,
    ("GET", "/backups"): Right.KEEP,
    ("POST", "/backups"): Right.KEEP,
    ("POST", "/backups/key"): Right.KEEP,
    ("GET", "/recovery"): Right.KEEP,
    ("POST", "/recovery"): Right.KEEP,
    ("GET", "/phones"): Right.KEEP,
    ("POST", "/phones"): Right.KEEP,
}
"""The right that each declared address takes."""


def phone_may(method: Method, path: str) -> bool:
    """Whether a phone may use the address declared as `method path`."""
    return RIGHTS.get((method, path)) in OF_PHONES
