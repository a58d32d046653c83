"""Splits the seed of the identity key (32 bytes) into shares for friends by SLIP-39, and puts shares together again.

All shares are of one group, and the passphrase of SLIP-39 is not used: it would be one more thing to forget. So its
iterations protect nothing, and there are as few as it allows.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from meshnode.errors import Field, Refused, Usage
from meshnode.recovery.typed import read_words

SHARE_WORDS = 33
NEED_LEAST = 2  # a share that is enough alone would be the key itself
FRIENDS_MAX = 16  # SLIP-39 has 4 bits for the number of a share
_ITERATION_EXPONENT = 0


class Share(Struct, frozen=True):
    """One share as its words; `number` is its own in the set, and `need` how many of the `set_id` make the key."""

    words: tuple[str, ...]
    set_id: tuple[int, ...]
    number: int
    need: int

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(self.words)


def split(seed: bytes, *, need: int, count: int) -> list[str]:
    """Return `count` shares of the seed, each as text, of which any `need` make it."""
    from shamir_mnemonic import generate_mnemonics

    (texts,) = generate_mnemonics(1, [(need, count)], seed, iteration_exponent=_ITERATION_EXPONENT)
    return list(map(str, texts))


def read_share(typed: str) -> Share:
    """Return the share that these words are, typed or received. Usage names what is wrong with them."""
    from shamir_mnemonic import MnemonicError
    from shamir_mnemonic.share import Share as Slip39Share
    from shamir_mnemonic.wordlist import WORDLIST

    words = read_words(typed, WORDLIST)
    if len(words) != SHARE_WORDS:
        raise Usage(
            "these are {count} words, and the words of a friend are {wanted}",
            "type all of them, in their order",
            field=Field.WORDS,
            count=len(words),
            wanted=SHARE_WORDS,
        )
    try:
        found = Slip39Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise Usage(
            "each of these words is in the list, but together they are not the words of a friend",
            "one of them is another word, or two have changed places: compare them with what your friend shows",
            field=Field.WORDS,
        ) from None
    is_ours = found.iteration_exponent == _ITERATION_EXPONENT  # with a higher one, putting them together takes hours
    if not is_ours or found.group_count != 1 or found.member_threshold < NEED_LEAST:
        raise Usage("these words were not made by meshnode for a friend", field=Field.WORDS)
    set_id = (found.identifier, found.extendable, found.iteration_exponent, found.member_threshold)
    return Share(tuple(words), set_id, found.index, found.member_threshold)


class Gathering:
    """The shares that friends have given so far, one after another."""

    def __init__(self) -> None:
        self._shares: list[Share] = []

    @property
    def missing(self) -> int | None:
        """How many shares are missing; None before the first one, which says how many it takes."""
        return self._shares[0].need - len(self._shares) if self._shares else None

    def add(self, share: Share) -> None:
        """Take one share. Refused, which changes nothing, for one of another set and for one that was given already."""
        if self._shares and share.set_id != self._shares[0].set_id:
            raise Refused(
                "these words belong to another set than the first ones, which was made on another day",
                "ask this friend for the words of the same day, or begin again with these",
            )
        if any(share.number == other.number for other in self._shares):
            raise Refused("you have typed the words of this friend already", "go on with those of another friend")
        self._shares.append(share)

    def seed(self) -> bytes:
        """Return the seed. Refused if the shares do not fit together: one of them was changed."""
        return combine(self._shares)


def combine(shares: Sequence[Share]) -> bytes:
    """Return the seed that these shares of one set make, as many as it takes. Refused where one was changed."""
    from shamir_mnemonic import MnemonicError, combine_mnemonics

    try:
        return bytes(combine_mnemonics([share.text for share in shares]))
    except MnemonicError:
        raise Refused(
            "these words do not fit together: at least one friend gave words that were never made for you",
            "begin again, and leave out one friend after another to find out whose words are wrong",
        ) from None
