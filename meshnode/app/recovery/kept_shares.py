"""Keeps the shares of friends' identity keys, and shows one to the owner, who gives it to that friend in person."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.naming import PersonRef, find, reference
from meshnode.app.owner import policy
from meshnode.errors import Field, NotFound, Unconfirmed, Usage
from meshnode.quoting import named
from meshnode.recovery.shares import read_share
from meshnode.replica.replica import Replica
from meshnode.store import StoredShare
from protocol import Code, RemoteError
from protocol.letters import KeyShare, OpenedLetter


class KeptShareView(Struct, frozen=True):
    """A friend whose key you keep a share of, and when they made it (UNIX seconds)."""

    person: PersonRef
    made: int


class HelpOrder(Struct, frozen=True):
    """The friend who has lost everything. `anyway` says that they stand before you, or that you know their voice."""

    person: str
    anyway: bool = False


class HelpView(Struct, frozen=True):
    """The words that you keep for a friend; `need` is how many friends' words bring them back, `made` in UNIX seconds."""

    person: PersonRef
    words: tuple[str, ...]
    need: int
    made: int


def take(replica: Replica, opened: OpenedLetter) -> bool:
    """Keep the share of a person whom the owner trusts directly, or delete it where they take it back.

    Returns whether that had an effect. RemoteError if the words are no share.
    """
    content = opened.content
    assert isinstance(content, KeyShare)
    author = opened.author
    held = replica.store.key_shares.of(author)
    if author == replica.me or policy.weight(replica, author) == 0 or (held is not None and content.made < held.made):
        return False
    if not content.taken_back and not _is_share(content):
        raise RemoteError(Code.MALFORMED, "these words are no share")
    replica.store.key_shares.keep(author, StoredShare(content.made, content.need, content.words))
    return not content.taken_back or held is not None


def kept(replica: Replica) -> tuple[KeptShareView, ...]:
    """Return the friends whose shares the owner keeps, by name."""
    found = [
        KeptShareView(reference(replica, person), share.made)
        for person, share in replica.store.key_shares.kept().items()
    ]
    return tuple(sorted(found, key=lambda one: (one.person.name.casefold(), one.person.id)))


def help_back(replica: Replica, order: HelpOrder) -> HelpView:
    """Return the words that the owner keeps for a friend. Unconfirmed, which says what they can do, unless wanted `anyway`.

    NotFound where the owner keeps nothing for anybody called so, and Ambiguous as `find`.
    """
    shares = replica.store.key_shares.kept()
    try:
        person = find(replica, order.person, among=shares, destructive=True)
    except NotFound:
        raise NotFound(
            "you keep no words for anybody called {who}",
            "'meshnode recovery status' names the friends for whom you do",
            who=repr(order.person),
            field=Field.PERSON,
        ) from None
    share, who = shares[person], reference(replica, person)
    if not order.anyway:
        raise Unconfirmed(
            "with the words of {need} friends anybody can be {name}, so give yours to {name} alone, and only in person",
            "somebody who writes or calls in that name may be lying",
            need=share.need,
            name=named(who.name),
        )
    return HelpView(who, tuple(share.words.split()), share.need, share.made)


def _is_share(content: KeyShare) -> bool:
    try:
        share = read_share(content.words)
    except Usage:
        return False
    return share.text == content.words and share.need == content.need
