"""Keeps whether the owner has written down their recovery words, and checks that they have."""

from __future__ import annotations

from collections.abc import Mapping

from meshnode.app.owner.certificates import identity_keys
from meshnode.recovery.words import ASKED, check_words, places_to_ask, words_of
from meshnode.replica.replica import Replica

_CONFIRMED = "recovery words confirmed"  # a name in the store's small values


def is_confirmed(replica: Replica) -> bool:
    """Whether the owner has shown that they wrote down their words, or another device has the key that the words are."""
    return replica.elsewhere or replica.store.meta.get(_CONFIRMED) is not None


def note_confirmed(replica: Replica) -> None:
    """Note that the owner has shown that they wrote down their recovery words."""
    replica.store.meta.set(_CONFIRMED, "yes")


def shown(replica: Replica) -> tuple[str, ...]:
    """Return the owner's recovery words. Forbidden, which says where the key is, if it is not open on this device."""
    return words_of(identity_keys(replica).seed)


def places(replica: Replica) -> tuple[int, ...]:
    """Draw three places of words to ask for."""
    return places_to_ask(replica.entropy(ASKED))


def confirm(replica: Replica, typed: Mapping[int, str]) -> None:
    """Take the words that the owner types from their paper, by their places. Usage where one is another word."""
    check_words(shown(replica), typed)
    note_confirmed(replica)
