"""Policies of an exact length, made of as many blocks as there may be and of vouches."""

from __future__ import annotations

from protocol import Block, Policy, Vouch
from protocol.limits import BLOCK_TAG_BYTES, BLOCKS_MAX, STAMP_MAX, VOUCHES_MAX
from protocol.numbers import Stamp
from tests.support.webs import someone

STAMP = Stamp(STAMP_MAX - 2 * VOUCHES_MAX)  # far from the last one, and just as long
_BLOCKS = tuple(Block(number.to_bytes(BLOCK_TAG_BYTES, "big"), True, STAMP) for number in range(BLOCKS_MAX))
_VOUCH_BYTES = 47


def policy_of_length(length: int) -> Policy:
    """Return a policy whose body has so many bytes: 30,000 at least."""
    spare = length - len(_policy(0, 0).to_body())
    count = spare // _VOUCH_BYTES + 1
    return _policy(count, len(_policy(count, 0).to_body()) - length)


def _policy(vouches: int, shorter: int) -> Policy:
    """Return a policy with so many vouches, of which so many take one byte less than the others."""
    weights = [200] * shorter + [500] * (vouches - shorter)
    return Policy(
        bytes(16), STAMP, tuple(Vouch(someone(10 + at), weight, STAMP) for at, weight in enumerate(weights)), _BLOCKS
    )
