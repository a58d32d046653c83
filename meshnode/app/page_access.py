"""Decides which browsers may use the owner's page: by one-time links, and by a secret that each keeps as a cookie.

The page listens on this computer alone, but other users of the computer reach it too, so it asks every browser for its
secret. Its host is a name of its own below `localhost`, which browsers take for this computer (RFC 6761): browsers send
cookies to all ports of a host, and another user's program might listen on another port of `localhost`.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from meshnode.errors import Refused
from meshnode.replica.replica import Replica
from protocol import limits

LOOPBACK = "127.0.0.1"  # where the page listens: this computer alone
LINK_SECONDS = 10 * limits.MINUTE  # a link in the history of a terminal is soon worthless
LINKS_MAX = 16  # links that were made and not opened
LINK_BYTES = 16
SECRET_BYTES = 32
SESSION_SECONDS = 90 * limits.DAY  # a browser that is not used for so long signs in again
SESSIONS_MAX = 32
NAME_BYTES = 6
_NAME = "page_name"  # the page's host name, in the store's small values
_FORM = b"meshnode form"


class PageAccess:
    """The links and the browsers of one node's page. Links live as long as the process; used in the store thread."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._links: dict[str, int] = {}
        self.port: int | None = None
        """Where the page listens; None while it does not."""

    @property
    def host(self) -> str:
        """The host of the page's address, with its port."""
        name = self._replica.store.meta.get(_NAME)
        if name is None:
            name = self._replica.entropy(NAME_BYTES).hex()
            self._replica.store.meta.set(_NAME, name)
        return f"{name}.localhost:{self.port}"

    @property
    def number_host(self) -> str:
        """The same by the number of this computer, for programs that are no browsers. Refused if the page is off."""
        self._check_on()
        return f"{LOOPBACK}:{self.port}"

    def new_link(self) -> str:
        """Return an address that signs one browser in, once, within `LINK_SECONDS`. Refused if the page is off."""
        self._check_on()
        now = self._replica.clock.now()
        self._links = {link: until for link, until in self._links.items() if until > now}
        while len(self._links) >= LINKS_MAX:
            del self._links[next(iter(self._links))]
        link = self._replica.entropy(LINK_BYTES).hex()
        self._links[link] = now + LINK_SECONDS
        return f"http://{self.host}/in/{link}"

    def _check_on(self) -> None:
        if self.port is None:
            raise Refused(
                "the page is off",
                "start the node with its page: meshnode run, without --no-page and without page = false in config.toml",
            )

    def sign_in(self, link: str) -> str | None:
        """Spend a link and return the secret for the browser that showed it; None if it is spent, unknown or too old."""
        until, now = self._links.pop(link, 0), self._replica.clock.now()
        if until <= now:
            return None
        sessions = self._replica.store.page_sessions
        secret = self._replica.entropy(SECRET_BYTES).hex()
        sessions.remove_unused(now - SESSION_SECONDS)
        sessions.add(_hash(secret), now, most=SESSIONS_MAX)
        return secret

    def admits(self, secret: str) -> bool:
        """Whether a browser with this secret may use the page."""
        sessions, now = self._replica.store.page_sessions, self._replica.clock.now()
        session = sessions.find(_hash(secret))
        if session is None or session.seen < now - SESSION_SECONDS:
            return False
        if not session.seen <= now < session.seen + limits.DAY:
            sessions.note_seen(session.hash, now)
        return True

    def sign_out(self, secret: str) -> None:
        """Let the browser with this secret in no longer."""
        self._replica.store.page_sessions.remove(_hash(secret))


def form_token(secret: str) -> str:
    """Return what a form must bring back: no page of another site can know it."""
    return hmac.new(secret.encode(), _FORM, sha256).hexdigest()


def is_form_token(secret: str, token: str) -> bool:
    """Whether `token` is that of the browser with this secret."""
    return hmac.compare_digest(form_token(secret).encode(), token.encode())


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
