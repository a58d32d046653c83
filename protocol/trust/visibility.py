"""The one rule for listings, and the rules for records of the other kinds (protocol/README.md, "Visibility").

Serving, showing and previewing all call `visible`; nothing else decides. The functions are pure. A Standing says how the two
people are connected, ListingFacts has the fields of the listing that matter, and a Wish says what the viewer wants to see.
Consent is the author's: their reach, their radius, their groups. The viewer's regard only narrows what the viewer is shown.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from protocol.limits import FOREVER
from protocol.place import distance_km
from protocol.records.policy import UNSET_PREFERENCE
from protocol.records.record import Audience
from protocol.trust.weights import TRUSTED, WEB, reaches

if TYPE_CHECKING:
    from protocol.keys import PersonId
    from protocol.records.policy import Preference
    from protocol.trust.graph import TrustGraph
    from protocol.trust.groups import Groups

DEFAULT_WITHIN_KM = 50.0
"""The greatest distance of listings that a viewer is shown, unless the viewer chooses otherwise."""
DEFAULT_REGARD = 300
"""The least regard, in per mille, of the authors that a viewer is shown, unless the viewer chooses otherwise."""


class Verdict(Enum):
    """Whether a viewer sees a listing, and if not, the first condition that hid it."""

    VISIBLE = "visible"
    BLOCKED = "blocked"
    NO_CONSENT = "no consent"
    EXPIRED = "expired"
    TOO_LITTLE_REGARD = "too little regard"
    TOO_FAR = "too far"


class Standing(Struct, frozen=True):
    """The connection of a viewer to an author. `reach` and `regard` are costs of paths; None without a path."""

    blocked: bool
    """Whether one of the two blocks the other."""
    reach: int | None
    regard: int | None
    shares_cell: bool = False
    shares_community: bool = False
    yourself: bool = False

    @property
    def shares_group(self) -> bool:
        """Whether both are members of one cell or of one community."""
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
    reach: int | None,
    regard: int | None,
) -> Standing:
    """Return the standing of `viewer` to `author`; `reach` and `regard` are the costs that a search of `graph` found.

    Every Standing that a node decides by is built here.
    """
    return Standing(
        blocked=graph.blocked_either_way(author, viewer),
        reach=reach,
        regard=regard,
        shares_cell=groups.shares_cell(author, viewer),
        shares_community=groups.shares_community(author, viewer),
        yourself=author == viewer,
    )


class Distances(NamedTuple):
    """The distances of a place in kilometers, as `distance_km` computes them; None where either place is unknown."""

    published: float | None
    """From the place that the viewer publishes."""
    here: float | None
    """From where the viewer is: see `Wish.here`."""


class ListingFacts(NamedTuple):
    """The facts of a listing that the rule looks at. `audience` is the effective one, `radius_km` the author's radius.

    `paused` says that the author is away: then nobody else sees it.
    With `distances`, which a caller has computed who asks about very many places, the rule does not look at `place`.
    """

    audience: int
    place: str | None = None
    radius_km: int = UNSET_PREFERENCE.radius_km
    expires: int = FOREVER
    distances: Distances | None = None
    paused: bool = False


class Wish(Struct, frozen=True):
    """The viewer's choice among the listings that they may see. It can only hide listings.

    Type, category and words are left to the search: they are about listings, not about people.
    """

    min_regard: int = DEFAULT_REGARD
    """Per mille; "any" is 100, the edge of the web."""
    within_km: float | None = None
    """The greatest distance; listings of unknown place are hidden. None: 50 km, but unknown places are shown. Infinite: any."""
    here: str | None = None
    """The viewer's place, maybe more exact than the one they publish; None: the published one."""


def effective_audience(audience: int, preference: Preference) -> int:
    """Return the effective audience of a listing: its own, or the one that its author's preference names."""
    return preference.audience if audience == Audience.FOLLOWS else audience


def listing_facts(
    audience: int,
    place: str | None,
    *,
    preference: Preference,
    author_place: str | None,
    expires: int = FOREVER,
    distances: Distances | None = None,
) -> ListingFacts:
    """Return the facts of a listing with this audience and this place of its own (None: it has none).

    `preference` and `author_place` are its author's: the sharing preference in effect and the published place.
    `distances` are those of the place that counts. All ListingFacts that a node decides by are built here.
    """
    return ListingFacts(
        audience=effective_audience(audience, preference),
        place=place or author_place,
        radius_km=preference.radius_km,
        expires=expires,
        distances=distances,
        paused=preference.paused > 0,
    )


def visible(
    facts: ListingFacts,
    standing: Standing,
    *,
    viewer_place: str | None = None,
    now: int | None = None,
    wish: Wish | None = None,
) -> Verdict:
    """Judge a listing by the one rule, in this order: block, the author's consent, expiry, the viewer's wish.

    `viewer_place` is the cell that the viewer publishes. Without `now` (UNIX seconds) expiry is not judged; without a wish
    (for serving and previewing) consent decides.
    """
    if standing.blocked:
        return Verdict.BLOCKED
    if not (standing.yourself or _consents(facts, standing, viewer_place)):
        return Verdict.NO_CONSENT
    if now is not None and facts.expires <= now:
        return Verdict.EXPIRED
    return Verdict.VISIBLE if wish is None else _wanted(facts, standing, viewer_place, wish)


def _consents(facts: ListingFacts, standing: Standing, viewer_place: str | None) -> bool:
    if facts.paused:
        return False
    match facts.audience:
        case Audience.MY_CELL:
            return standing.shares_cell
        case Audience.MY_COMMUNITY:
            return standing.shares_group
        case Audience.TRUSTED_NETWORK:
            return reaches(standing.reach, TRUSTED)
        case Audience.ANYONE_LOCAL:
            return standing.in_web and _near(facts, viewer_place)
        case Audience.NETWORK_WIDE:
            return standing.in_web
        case _:  # FOLLOWS must be resolved before; audiences of a later version are not known here
            return False


def _near(facts: ListingFacts, viewer_place: str | None) -> bool:
    km = _km(facts.place, viewer_place) if facts.distances is None else facts.distances.published
    return km is not None and km <= facts.radius_km


def _km(place: str | None, viewer_place: str | None) -> float | None:
    return None if place is None or viewer_place is None else distance_km(place, viewer_place)


def _wanted(facts: ListingFacts, standing: Standing, viewer_place: str | None, wish: Wish) -> Verdict:
    known = standing.yourself or standing.shares_group
    if not (known or reaches(standing.regard, wish.min_regard)):
        return Verdict.TOO_LITTLE_REGARD
    return Verdict.VISIBLE if _near_enough(facts, wish.here or viewer_place, wish.within_km) else Verdict.TOO_FAR


def _near_enough(facts: ListingFacts, here: str | None, within_km: float | None) -> bool:
    if within_km == float("inf"):
        return True
    km = _km(facts.place, here) if facts.distances is None else facts.distances.here
    if km is None:
        return within_km is None
    return km <= (DEFAULT_WITHIN_KM if within_km is None else within_km)


# --- The audiences of the other kinds --------------------------------------------------------------------------------


def may_have_policy(standing: Standing, *, same_mesh: bool, vouched: bool, author_blocks: bool) -> bool:
    """Whether the viewer may have the author's policy: the author's mesh and web may, and all the people they vouch for.

    The web may because the last vouch of a path need not be mutual, and the person at its end computes the path too. The
    viewer may not if the author blocks them. That the viewer blocks the author does not matter: the viewer needs the
    policy to compute who may have their own records.
    """
    if author_blocks:
        return False
    return standing.yourself or same_mesh or vouched or standing.shares_group or reaches(standing.reach, WEB)


def may_have_device(standing: Standing, *, same_mesh: bool, vouched: bool) -> bool:
    """Whether the viewer may have a certificate of the author: the author's mesh and web may, and all they vouch for.

    Nothing can be verified without the certificate, not even that the author has blocked the viewer; so blocks do not
    count. For the same reason everybody who may have, or holds, another record of the author may have it too, which
    the caller judges.
    """
    return same_mesh or vouched or standing.in_web


def may_have_join(standing: Standing, *, in_group: bool) -> bool:
    """Whether the viewer may have the author's join: the author's web may, and the members of the group (`in_group`).

    A member may have it before they know that the author is a member too, since only the join shows that.
    """
    return standing.in_web or (in_group and not standing.blocked)


def may_have_profile(standing: Standing) -> bool:
    """Whether the viewer may have the author's profile: the author's web may."""
    return standing.in_web


def may_have_letter(standing: Standing, *, addressed: bool, viewer_blocks: bool) -> bool:
    """Whether the viewer may have, and so carry, a letter of the author: the author's web and groups may, and the addressee.

    `addressed` says that the letter's tag names the viewer, who then need not be in the author's web: the author chose
    them. The letter is withheld if the viewer blocks the author. If the author blocks the viewer it is not: an author who
    blocks the addressee withdraws what they shall not have, and may leave a last letter that calls something off.
    """
    return standing.in_web or (addressed and not viewer_blocks)
