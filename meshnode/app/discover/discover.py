"""Shows one page of what others share, in the order asked for, and counts what the viewer's own limits hide."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.listing_index import NOTICE_BOARD
from meshnode.app.discover.ordering import ORDERS, ranked
from meshnode.app.discover.search import SearchQuery, check, preparing, search, state
from meshnode.app.listings.view import ListingView, view
from meshnode.app.paging import check_page, next_page
from meshnode.errors import Field, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed

SHOWN = 100
SHOWN_MAX = 1000


class DiscoverQuery(SearchQuery, frozen=True):
    """A search, and the page of it to show in one of the orders best, near, new and trust.

    `notice_board` finds only what its author allows others to put up in public.
    """

    notice_board: bool = False
    sort: str = "best"
    limit: int = SHOWN
    page: int = 1


class Discovery(Struct, frozen=True):
    """One page of results; there are `total` in all, and `hidden` more that only your trust or distance limits hide.

    `set_aside` more are left out because you have hidden them one by one. `next` is the number of the next page, null
    on the last.
    """

    results: tuple[ListingView, ...]
    hidden: int
    total: int
    set_aside: int
    next: int | None


def discover(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Steps[Discovery]:
    """Return one page of what others share. Never waits for the network. Raises Usage for a search that makes no sense."""
    check(query)
    if query.sort not in ORDERS:
        raise Usage(
            "{sort} is not an order",
            "use one of {words}",
            field=Field.SORT,
            sort=repr(query.sort),
            words=", ".join(ORDERS),
        )
    if not 1 <= query.limit <= SHOWN_MAX:
        raise Usage("limit goes from 1 to {shown_max}", field=Field.LIMIT, shown_max=SHOWN_MAX)
    check_page(query.page)
    yield from preparing(catalog, query)
    return (yield from undisturbed(lambda: state(replica, catalog), lambda: _page(replica, catalog, query)))


def _page(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Steps[Discovery]:
    matches = search(catalog, query, catalog.index.of_kind(NOTICE_BOARD) if query.notice_board else -1)
    yield
    end = query.page * query.limit
    chosen = yield from ranked(catalog, matches, ORDERS[query.sort], end - query.limit, end)
    records = replica.store.records.get_many([entry.record for entry in chosen])
    return Discovery(
        results=tuple(view(replica, record) for record in records if record.body),
        hidden=matches.hidden,
        total=matches.total,
        set_aside=matches.set_aside,
        next=next_page(query.page, query.limit, matches.total),
    )
