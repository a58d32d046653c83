"""Spreads posts of others over the sessions of a node: where these are many, to a few of them first.

On a LAN everybody is connected with everybody. If each told each of a post at once, thirty people would say a thousand times
what all have heard, and many would ask for it twice. So a node with many sessions waits for a short random time before
it passes on what came to it. Then it tells those who have not shown the post themselves meanwhile: all who are not known
to get the posts of this author without this node, and a few of the others, by chance. Everybody else hears of it when
the sets are next compared, or later from this node, if they still need it then.

A peer that has lacked a post of an author is told of the next ones; one that has had it from elsewhere is known to get
them without this node, until it lacks one, or any session here has ended: then others may have lost what brought them.
What the owner writes is told to all at once, and so is everything that takes something back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from meshnode.replica.changes import Change
from meshnode.replica.spreading import Spreading
from protocol import Kind, PersonId, RecordId, limits
from protocol.session import Phase, Session, SessionState
from protocol.wire import Item

SOON_SECONDS = (0.25, 1.0)  # until they are: on a LAN the author has told all by then
LATE_SECONDS = limits.RECHECK_SECONDS + limits.MINUTE  # until all others are, unless a comparison has made it needless
HELD_MAX = 256  # posts of which one peer is told later: of more it is told at once, many in one frame
AUTHORS_MAX = 256  # of whom it is known that one peer gets their posts; 64 sessions take some 2 MB


class SpreadTo:
    """Decides when one peer is told of posts of others. Used in the store thread; times are those of the conversation.

    `hold` takes posts that have come, and `tick` tells the peer of those that are due. `entropy(n)` returns n random bytes.
    """

    def __init__(self, spreading: Spreading, session: Session, entropy: Callable[[int], bytes]) -> None:
        self._spreading = spreading
        self._session = session
        self._entropy = entropy
        self._waiting: dict[Item, PersonId] = {}  # until `_soon`, with their authors
        self._left: dict[Item, PersonId] = {}  # until `_late`
        self._soon: float | None = None
        self._late: float | None = None
        self._authors: dict[RecordId, PersonId] = {}  # of posts that were held and not asked for so far
        self._served_elsewhere: dict[PersonId, None] = {}  # authors whose posts the peer gets without this node
        self._losses = spreading.losses

    def to_hold(self, change: Change, added: Iterable[Item], me: PersonId) -> dict[Item, PersonId]:
        """Return those of the items in `added` that are to be held, with their authors: new posts of others in `change`.

        Nothing is held that may take something back: no version that ends older ones, none that replaces what was in use
        here, and nothing that is withdrawn.
        """
        if not self._spreading.holds_back or self._session.state is not SessionState.LIVE:
            return {}
        replaced = {row.register for row in change.ended}
        posts = {
            (row.created, row.id): row.author
            for row in change.stored
            if row.kind == Kind.LISTING
            and row.author != me
            and row.min_valid_version < row.version
            and not row.withdrawn
            and row.register not in replaced
        }
        held: dict[Item, PersonId] = {}
        for item in added:
            if item not in posts:
                continue
            if self._session.shares(Phase.CONTENT, item):
                self._note_served(posts[item])  # the peer has brought it
            else:
                held[item] = posts[item]
        return held if len(self._waiting) + len(self._left) + len(held) <= HELD_MAX else {}

    def hold(self, posts: Mapping[Item, PersonId]) -> None:
        """Put posts into the set of the session, and begin to wait with them."""
        if not posts:
            return
        self._session.peer_set(Phase.CONTENT).add(posts, news=True, held=True)
        self._waiting |= posts
        self._authors |= {post: author for (_, post), author in posts.items()}
        for post in [*islice(self._authors, max(0, len(self._authors) - 2 * HELD_MAX))]:
            del self._authors[post]
        if self._losses != self._spreading.losses:
            self._losses = self._spreading.losses
            self._served_elsewhere.clear()

    def asked_for(self, posts: Iterable[RecordId]) -> None:
        """Note what the peer asks for: it does not get the posts of these authors without this node."""
        for post in posts:
            if (author := self._authors.pop(post, None)) is not None:
                self._served_elsewhere.pop(author, None)

    def compared(self) -> None:
        """Forget what is held no longer, since a comparison has shown that the peer has it."""
        self._left = {item: author for item, author in self._left.items() if self._holds(item)}
        if not self._left:
            self._late = None

    @property
    def unplanned(self) -> bool:
        """Whether posts wait, and `tick` is to be called at once so that it is known what time it is."""
        return bool(self._waiting) and self._soon is None

    def due(self, now: float) -> float | None:
        """Return when to call `tick`; None for never."""
        if self.unplanned:
            return now
        return min((due for due in (self._soon, self._late) if due is not None), default=None)

    def tick(self, now: float) -> None:
        """Tell the peer of what is due at `now`."""
        if self.unplanned:
            shortest, longest = SOON_SECONDS
            chance = int.from_bytes(self._entropy(4), "big") / 2**32
            self._soon = now + shortest + chance * (longest - shortest)
        if self._soon is not None and self._soon <= now:
            self._soon = None
            self._tell_some(now)
        if self._late is not None and self._late <= now:
            self._late = None
            self._session.peer_set(Phase.CONTENT).release(self._left)
            self._left = {}

    def _tell_some(self, now: float) -> None:
        """Tell of the posts that have waited, except those of which the peer may hear from others."""
        answered = self._session.idle
        waiting, self._waiting = self._waiting, {}
        for item, author in waiting.items():
            if not self._holds(item):
                if self._session.shares(Phase.CONTENT, item):  # the peer has shown it
                    self._note_served(author)
            elif self._is_told(item[1], author, answered=answered):
                self._session.peer_set(Phase.CONTENT).release([item])
                self._note_served(author)  # until it asks for this one
            else:
                self._left[item] = author
        if self._left and self._late is None:
            self._late = now + LATE_SECONDS

    def _is_told(self, post: RecordId, author: PersonId, *, answered: bool) -> bool:
        """Whether the peer is told of a post now: where it has not `answered`, it is not known what it lacks."""
        return not answered or author not in self._served_elsewhere or self._spreading.chooses(post)

    def _holds(self, item: Item) -> bool:
        return self._session.peer_set(Phase.CONTENT).holds(item)

    def _note_served(self, author: PersonId) -> None:
        self._served_elsewhere.pop(author, None)
        self._served_elsewhere[author] = None
        if len(self._served_elsewhere) > AUTHORS_MAX:
            del self._served_elsewhere[next(iter(self._served_elsewhere))]
