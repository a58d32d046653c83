"""Who may have what: the one rule for listings, and the audiences of all other kinds (README, "Visibility").

Serving, showing and previewing all call `visible`; nothing else decides. These functions are pure: what two people are
to each other comes in as a Standing, what a listing says as ListingFacts, the viewer's taste as a Wish. Consent starts
at the author: his reach, his radius, his groups. The viewer's regard only narrows what he is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from protocol.limits import FOREVER
from protocol.place import distance_km
from protocol.records.record import Audience
from protocol.trust.weights import TRUSTED, WEB, reaches

if TYPE_CHECKING:
    from protocol.keys import PersonId
    from protocol.records.policy import Preference
    from protocol.trust.graph import TrustGraph
    from protocol.trust.groups import Groups

DEFAULT_RADIUS_KM = 25
"""How far `anyone_local` goes unless its author says otherwise."""
DEFAULT_WITHIN_KM = 50.0
"""How far a viewer looks unless he says otherwise."""
DEFAULT_REGARD = 300
"""The least regard, in per mille, in which a viewer must hold an author unless he says otherwise."""


class Verdict(Enum):
    """Whether somebody sees a listing, and if not, which rule hid it first."""

    VISIBLE = "visible"
    BLOCKED = "blocked"
    NO_CONSENT = "no consent"
    EXPIRED = "expired"
    TOO_LITTLE_REGARD = "too little regard"
    TOO_FAR = "too far"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a viewer stands to an author. `reach` and `regard` are costs of trust; None where there is none."""

    blocked: bool
    """Either blocks the other."""
    reach: int | None
    regard: int | None
    shares_cell: bool = False
    shares_community: bool = False
    yourself: bool = False

    @property
    def shares_group(self) -> bool:
        """Whether they are members of one cell or one community."""
        return self.shares_cell or self.shares_community

    @property
    def in_web(self) -> bool:
        """Whether the viewer is in the author's web."""
        return not self.blocked and (self.yourself or self.shares_group or reaches(self.reach, WEB))


def standing_between(
    author: PersonId,
    viewer: PersonId,
    graph: TrustGraph,
    groups: Groups,
    *,
    reach: Mapping[PersonId, int],
    regard: Mapping[PersonId, int],
) -> Standing:
    """The standing of `viewer` to `author`, given the viewer's `graph.reach_to` and `graph.regard_from`."""
    return Standing(
        blocked=graph.blocked_either_way(author, viewer),
        reach=reach.get(author),
        regard=regard.get(author),
        shares_cell=groups.shares_cell(author, viewer),
        shares_community=groups.shares_community(author, viewer),
        yourself=author == viewer,
    )


class ListingFacts(NamedTuple):
    """What the rule looks at in a listing. `audience` and `radius_km` are what holds after the author's preference."""

    audience: int
    place: str | None = None
    radius_km: int = DEFAULT_RADIUS_KM
    expires: int = FOREVER


@dataclass(frozen=True, slots=True)
class Wish:
    """What a viewer wants to be shown of what he may see. Nothing here makes anything visible.

    Type, category and words are the search's business: they are about listings, not about people.
    """

    min_regard: int = DEFAULT_REGARD
    """Per mille; "any" is 100, the edge of the web."""
    within_km: float | None = None
    """Only so near; unknown places do not pass. None: 50 km, and unknown places pass. Infinite: anywhere."""
    here: str | None = None
    """Where the viewer measures from, maybe more exactly than he publishes; None: his published place."""


def effective_audience(audience: int, preference: Preference) -> int:
    """The audience that holds for a listing: its own, or the one its author's preference names."""
    return preference.audience if audience == Audience.FOLLOWS else audience


def visible(
    facts: ListingFacts,
    standing: Standing,
    *,
    viewer_place: str | None = None,
    now: int | None = None,
    wish: Wish | None = None,
) -> Verdict:
    """The one rule, in its order: block, the author's consent, expiry, the viewer's wish.

    `viewer_place` is the cell that the viewer publishes. Without `now` (UNIX seconds) expiry is left to the caller;
    without a wish (serving, previewing) consent decides.
    """
    if standing.blocked:
        return Verdict.BLOCKED
    if not (standing.yourself or _consents(facts, standing, viewer_place)):
        return Verdict.NO_CONSENT
    if now is not None and facts.expires <= now:
        return Verdict.EXPIRED
    return Verdict.VISIBLE if wish is None else _wanted(facts, standing, viewer_place, wish)


def _consents(facts: ListingFacts, standing: Standing, viewer_place: str | None) -> bool:
    match facts.audience:
        case Audience.MY_CELL:
            return standing.shares_cell
        case Audience.MY_COMMUNITY:
            return standing.shares_group
        case Audience.TRUSTED_NETWORK:
            return reaches(standing.reach, TRUSTED)
        case Audience.ANYONE_LOCAL:
            return standing.in_web and _near(facts.place, viewer_place, facts.radius_km)
        case Audience.NETWORK_WIDE:
            return standing.in_web
        case _:  # FOLLOWS must be resolved first; what a later version invents is not for us
            return False


def _near(place: str | None, viewer_place: str | None, radius_km: int) -> bool:
    return place is not None and viewer_place is not None and distance_km(place, viewer_place) <= radius_km


def _wanted(facts: ListingFacts, standing: Standing, viewer_place: str | None, wish: Wish) -> Verdict:
    known = standing.yourself or standing.shares_group
    if not (known or reaches(standing.regard, wish.min_regard)):
        return Verdict.TOO_LITTLE_REGARD
    if not _near_enough(facts.place, wish.here or viewer_place, wish.within_km):
        return Verdict.TOO_FAR
    return Verdict.VISIBLE


def _near_enough(place: str | None, here: str | None, within_km: float | None) -> bool:
    if within_km == float("inf"):
        return True
    if place is None or here is None:
        return within_km is None
    return distance_km(place, here) <= (DEFAULT_WITHIN_KM if within_km is None else within_km)


# --- The audiences of the other kinds --------------------------------------------------------------------------------


def may_have_policy(standing: Standing, *, same_mesh: bool, vouched: bool, author_blocks: bool) -> bool:
    """Whether the viewer may have the author's policy: his mesh, whom he vouches for, his web; not whom he blocks.

    The web is in it since the last vouch of a way need not be answered: who is at its end computes it too. Whom the
    viewer blocks does not matter: he needs the policy to compute what others may have of him.
    """
    if author_blocks:
        return False
    return standing.yourself or same_mesh or vouched or standing.shares_group or reaches(standing.reach, WEB)


def may_have_device(standing: Standing, *, same_mesh: bool, vouched: bool, may_have_other: bool = False) -> bool:
    """Whether the viewer may have a certificate of the author: the author's mesh, and who may have any record of his.

    Without it he could verify nothing, not even that somebody whom he may know has blocked him; so blocks do not count.
    `may_have_other` says that he may have, or holds, another record of the author.
    """
    return may_have_other or standing.yourself or same_mesh or vouched or standing.in_web


def may_have_join(standing: Standing, *, in_group: bool) -> bool:
    """Whether the viewer may have the author's join: the group, as `in_group` says of the viewer, and the author's web.

    Whoever is in the group may have it before he knows that the author is in it too: it is the join that says so.
    """
    return standing.in_web or (in_group and not standing.blocked)


def may_have_profile(standing: Standing) -> bool:
    """Whether the viewer may have the author's profile: the author's web."""
    return standing.in_web


def may_have_letter(standing: Standing, *, addressed: bool) -> bool:
    """Whether the viewer may have, and so carry, a letter of the author: the author's web and groups, and the addressee.

    `addressed` says that the letter's tag is the viewer's. He need not be in the author's web: who writes to somebody
    has him in mind. A block between the two hides it all the same.
    """
    return standing.in_web or (addressed and not standing.blocked)
