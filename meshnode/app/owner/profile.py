"""Writes the owner's profile: name, words about them, a coarse place, and the key by which their web recognizes this
node."""

from __future__ import annotations

from meshnode.errors import Failed
from meshnode.replica.authoring import fresh_salt, write
from meshnode.replica.replica import Replica
from protocol import PROFILE_SLOT, Kind, Profile, limits


def set_profile(
    replica: Replica,
    *,
    name: str | None = None,
    about: str | None = None,
    place: str | None = None,
    no_place: bool = False,
    presence_key: bytes | None = None,
) -> None:
    """Write the owner's profile again; None leaves a field as it is, and `no_place` publishes no place any longer.

    A new presence key voids older versions, and so does another place, since they may tell more than is wanted now.
    Raises Failed before there is a profile, unless name and key are given.
    """
    before = replica.trust_state.profile(replica.me)
    if before is None and (name is None or presence_key is None):
        raise Failed("there is no profile yet", "create a node first: meshnode init")
    known = before.place if before else None
    published = None if no_place else known if place is None else place
    body = Profile(
        salt=fresh_salt(replica),
        name=name if name is not None else before.name if before else "",
        about=about if about is not None else before.about if before else "",
        place=published,
        presence_key=presence_key or (before.presence_key if before else b""),
    )
    write(
        replica,
        Kind.PROFILE,
        PROFILE_SLOT,
        body,
        life=limits.PROFILE_LIFE,
        may_reduce_access=presence_key is not None or known not in (None, published),
    )
