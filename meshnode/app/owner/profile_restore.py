"""Takes out of the owner's profile what a revoked device has put there."""

from __future__ import annotations

from meshnode.app.owner import places
from meshnode.app.owner.presence_key import PRESENCE_KEY_BYTES
from meshnode.replica.authoring import fresh_salt, write
from meshnode.replica.replica import Replica
from protocol import PROFILE_SLOT, Kind, Profile, limits


def put_back(replica: Replica, was: Profile, above: int) -> None:
    """Write the profile with the texts that the owner's other devices have said last, if `was` has others.

    Where no other device ever said anything, the oldest text that this node knows holds. The place never becomes known
    more exactly than the preference says, and a place that is no longer published stays so. The new version is above
    `above`.
    """
    revoked = replica.trust_state.revoked_devices(replica.me)
    texts, held = replica.store.profile_texts, replica.trust_state.profile(replica.me)
    place = None if was.place is None else texts.latest("place", revoked)
    body = Profile(
        salt=fresh_salt(replica),
        name=texts.latest("name", revoked) or was.name,
        about=texts.latest("about", revoked) or "",
        place=places.at_current_precision(replica, PROFILE_SLOT, place),
        presence_key=held.presence_key if held is not None else replica.entropy(PRESENCE_KEY_BYTES),
    )
    if held is None or _texts(held) != _texts(body):
        write(replica, Kind.PROFILE, PROFILE_SLOT, body, life=limits.PROFILE_LIFE, may_reduce_access=True, above=above)


def _texts(profile: Profile) -> tuple[str, str, str | None]:
    return profile.name, profile.about, profile.place
