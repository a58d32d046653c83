"""Every route of the API: each calls one use-case on the desk. What they take and answer is declared by their types."""

from __future__ import annotations

from meshnode.api.routes import Route, Routes
from meshnode.api.site import Site
from meshnode.app import blocks as block_cases
from meshnode.app import cards as card_cases
from meshnode.app import discover as discover_cases
from meshnode.app import doctor as doctor_cases
from meshnode.app import groups as group_cases
from meshnode.app import listings as listing_cases
from meshnode.app import people as people_cases
from meshnode.app import status as status_cases
from meshnode.app import why as why_cases
from meshnode.app.shown import ListingsView, ListingView
from meshnode.errors import Ambiguous, NotFound, Refused, StorageFull

_routes = Routes()
ROUTES: list[Route] = _routes.table

NAMED = (NotFound, Ambiguous)
WRITES = (Refused, StorageFull)


# --- node ------------------------------------------------------------------------------------------------------------


@_routes.add("GET", "/v1/status")
async def status(site: Site) -> status_cases.StatusView:
    """How the node is doing, and what is wrong, in words."""
    return await site.run(status_cases.status, site.network.state())


@_routes.add("GET", "/v1/peers")
async def peers(site: Site) -> status_cases.PeersView:
    """The sessions of this moment."""
    return await site.run(status_cases.peers, site.network.state())


@_routes.add("GET", "/v1/doctor")
async def doctor(site: Site) -> doctor_cases.DoctorView:
    """Look for the usual causes of trouble."""
    return await site.run(doctor_cases.look_at_node, site.network.state())


@_routes.add("GET", "/v1/doctor/{who:path}", errors=NAMED)
async def doctor_person(site: Site, who: str) -> doctor_cases.DoctorView:
    """Look for the reason why somebody is not met."""
    person = await site.run(doctor_cases.whom, who)
    return await site.run(doctor_cases.look_at_person, person, site.network.state(), site.network.attempts(person))


# --- people ----------------------------------------------------------------------------------------------------------


@_routes.add("POST", "/v1/cards", status=201, errors=WRITES)
async def make_card(site: Site, body: card_cases.CardOrder) -> card_cases.CardView:
    """Make a card to hand over."""
    made = await site.run(card_cases.make, body, site.network.state().addresses)
    site.network.look_again()
    return made


@_routes.add("POST", "/v1/contacts", status=201, errors=WRITES)
async def add_card(site: Site, body: card_cases.CardToAdd) -> card_cases.AddedView:
    """Add somebody's card: vouch for him now, be vouched for when the two nodes meet."""
    added = await site.run(card_cases.add, body, _connected(site))
    site.network.look_again()
    return added


@_routes.add("GET", "/v1/people")
async def people(site: Site, query: people_cases.PeopleQuery) -> people_cases.PeopleView:
    """Whom you know."""
    return await site.run(people_cases.people, _connected(site), everybody=query.all)


@_routes.add("GET", "/v1/people/{who:path}", errors=NAMED)
async def person(site: Site, who: str) -> people_cases.PersonView:
    """What is known of a person."""
    return await site.run(people_cases.person, who, _connected(site))


@_routes.add("PUT", "/v1/vouches/{who:path}", errors=(*NAMED, *WRITES))
async def vouch(site: Site, who: str, body: people_cases.VouchOrder) -> people_cases.PersonView:
    """Vouch for a person, in place of what you said of him before."""
    seen = await site.run(people_cases.vouch, who, body.trust, _connected(site))
    site.network.look_again()
    return seen


@_routes.add("DELETE", "/v1/vouches/{who:path}", errors=(*NAMED, *WRITES))
async def unvouch(site: Site, who: str) -> people_cases.PersonView:
    """Take back your vouch for a person."""
    return await site.run(people_cases.unvouch, who, _connected(site))


@_routes.add("GET", "/v1/blocks")
async def blocks(site: Site) -> block_cases.BlocksView:
    """Whom you block."""
    return await site.run(block_cases.blocks)


@_routes.add("PUT", "/v1/blocks/{who:path}", errors=(*NAMED, *WRITES))
async def block(site: Site, who: str) -> block_cases.BlockView:
    """Block a person: neither of you sees the other any more.

    By the whole id, people can be blocked who are not visible.
    """
    blocked = await site.run(block_cases.block, who)
    site.network.look_again()
    return blocked


@_routes.add("DELETE", "/v1/blocks/{who:path}", errors=(*NAMED, *WRITES))
async def unblock(site: Site, who: str) -> block_cases.BlockView:
    """End a block."""
    ended = await site.run(block_cases.unblock, who)
    site.network.look_again()
    return ended


@_routes.add("GET", "/v1/why/{who:path}", errors=NAMED)
async def why(site: Site, who: str) -> why_cases.WhyView:
    """Why a person or a listing is visible to you, and what would end that."""
    return await site.run(why_cases.why, site.catalogue, who)


# --- groups ----------------------------------------------------------------------------------------------------------


@_routes.add("POST", "/v1/groups", status=201, errors=WRITES)
async def found_group(site: Site, body: group_cases.Founding) -> group_cases.GroupView:
    """Found a cell or a community."""
    founded = await site.run(group_cases.new, body)
    site.network.look_again()
    return founded


@_routes.add("GET", "/v1/groups", errors=NAMED)
async def groups(site: Site, query: group_cases.GroupsQuery) -> group_cases.GroupsView:
    """The groups you are in, their members, and the invitations that wait for you."""
    return await site.run(group_cases.show, query)


@_routes.add("POST", "/v1/invitations/{who:path}", status=201, errors=(*NAMED, *WRITES))
async def invite(
    site: Site, who: str, query: group_cases.KindQuery, body: group_cases.InvitationOrder
) -> group_cases.InvitedView:
    """Invite somebody to a group of yours.

    The invitation travels with your own membership, through your web and the group.
    """
    return await site.run(group_cases.invite, who, query.kind, body.person)


@_routes.add("PUT", "/v1/memberships/{who:path}", errors=(*NAMED, *WRITES))
async def join_group(site: Site, who: str, query: group_cases.KindQuery) -> group_cases.GroupView:
    """Accept an invitation to a group."""
    joined = await site.run(group_cases.join, who, query.kind)
    site.network.look_again()
    return joined


@_routes.add("DELETE", "/v1/memberships/{who:path}", errors=(*NAMED, *WRITES))
async def leave_group(site: Site, who: str, query: group_cases.KindQuery) -> group_cases.GroupView:
    """Leave a group; the others stay."""
    left = await site.run(group_cases.leave, who, query.kind)
    site.network.look_again()
    return left


# --- listings --------------------------------------------------------------------------------------------------------


@_routes.add("POST", "/v1/listings", status=201, errors=WRITES)
async def post_listing(site: Site, body: listing_cases.Draft) -> ListingView:
    """Post an offer or a need."""
    return await site.run(listing_cases.post, body)


@_routes.add("GET", "/v1/listings")
async def own_listings(site: Site) -> ListingsView:
    """Your own offers and needs."""
    return await site.run(listing_cases.mine, site.catalogue)


@_routes.add("GET", "/v1/listings/{who:path}", errors=NAMED)
async def listing(site: Site, who: str) -> ListingView:
    """One offer or need that you may see."""
    return await site.run(listing_cases.show, site.catalogue, who)


@_routes.add("PATCH", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def edit_listing(site: Site, who: str, body: listing_cases.Edit) -> ListingView:
    """Change an offer or need of yours."""
    return await site.run(listing_cases.edit, site.catalogue, who, body)


@_routes.add("DELETE", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def withdraw_listing(site: Site, who: str) -> ListingView:
    """Withdraw an offer or need of yours, everywhere."""
    return await site.run(listing_cases.withdraw, site.catalogue, who)


@_routes.add("GET", "/v1/discover")
async def discover(site: Site, query: discover_cases.Search) -> discover_cases.Discovery:
    """What others share with you."""
    return await site.run(discover_cases.discover, site.catalogue, query)


def _connected(site: Site) -> frozenset[bytes]:
    return frozenset(peer.person for peer in site.network.state().peers)
