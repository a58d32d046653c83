"""Lets phones in and out: by a link that works once, three words that the owner compares, and a secret kept as a cookie.

A link can be photographed by others. So the first phone that opens it gets three words to show, and is let in only when
the owner has said that the words are those on their own phone. A session counts over the scheme and from the subnet where it was
made, so that a secret that was overheard is of no use elsewhere. It is not bound to one address, since routers give phones
others: somebody on the same network who overhears the secret can use it, which only TLS prevents.
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import NamedTuple

from msgspec import Struct

from meshnode.app.page_access import LINK_BYTES, LINK_SECONDS, SECRET_BYTES, SESSION_SECONDS
from meshnode.errors import Field, NotFound, Refused, Usage
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import Phone, PhoneAct
from protocol import limits, normalize
from protocol.wire import enrolment_words

PHONES_MAX = 16  # of one person; each is somebody's way in
ACTS_MAX = 200  # of the log: enough to see what happened in the last days, too few to fill a disk
SEEN_SECONDS = 15 * limits.MINUTE  # the time of the last use is this exact, so that not every page is a write
WORDS_BYTES = 32
NAME_MAX = 40  # letters of a phone's name
LET_IN = "in"


class PhoneSite(NamedTuple):
    """Where the page is served to phones: over which scheme, at which addresses and port, and by which name."""

    scheme: str
    port: int
    addresses: tuple[IPv4Interface, ...]
    name: str
    """The computer's own name on the network (RFC 6762); empty if it has none."""
    fingerprint: str = ""
    """Of the certificate, as browsers show it (SHA-256); empty without TLS."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts, with the port, under which the page answers."""
        names = [str(address.ip) for address in self.addresses] + ([self.name] if self.name else [])
        return tuple(f"{name}:{self.port}" for name in names)


class PhoneLinkView(Struct, frozen=True):
    """A link for one phone, at each of the addresses, best first. `expires` in UNIX seconds; `fingerprint` with TLS."""

    link: str
    others: tuple[str, ...]
    expires: int
    tls: bool
    fingerprint: str


class PhoneRequestView(Struct, frozen=True):
    """The phone that waits to be let in: its name, the words that it shows, and its address; null if none waits."""

    name: str | None
    words: str | None
    address: str | None


class PhoneAnswer(Struct, frozen=True):
    """The words that the phone shows. With `refuse`, they are not those shown here. `name` is what to call it, if given."""

    words: str = ""
    refuse: bool = False
    name: str | None = None


class _Request(NamedTuple):
    """A phone that has used a link; `answer` is the owner's word, None before it."""

    hash: bytes
    name: str
    words: str
    address: str
    scheme: str
    network: str
    until: int
    answer: bool | None = None


class PhoneAccess:
    """The link, the phone that waits, and the phones of one node. All but the phones live as long as the process.

    Used in the store's thread, where `site` is only read. `site` is set by the server.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._link: tuple[str, int] | None = None
        self._request: _Request | None = None
        self.site: PhoneSite | None = None
        """Where phones find the page; None while it is not served to them."""

    # --- the link ----------------------------------------------------------------------------------------------------

    def new_link(self) -> PhoneLinkView:
        """Return a link for one phone, which ends the one before. Refused where no phone could open it, or all places are taken."""
        if self.site is None:
            raise Refused(
                "this computer is on no network on which phones could reach your page",
                "join the Wi-Fi of your phone, or name the interface to use",
            )
        phones = self._replica.store.phones
        phones.remove_unused(self._now() - SESSION_SECONDS)
        if len(phones.all()) >= PHONES_MAX:
            raise Refused(
                "you have let in {phones_max} phones, and there is no room for more",
                "remove one of them",
                phones_max=PHONES_MAX,
            )
        self._link = (self._replica.entropy(LINK_BYTES).hex(), self._now() + LINK_SECONDS)
        self._request = None
        found = self.open_link()
        assert found is not None
        return found

    def open_link(self) -> PhoneLinkView | None:
        """Return the link that no phone has used yet; None if there is none."""
        if self._link is None or self.site is None or self._link[1] <= self._now():
            return None
        link, until = self._link
        first, *others = (f"{self.site.scheme}://{host}/in/{link}" for host in self.site.hosts)
        return PhoneLinkView(first, tuple(others), until, self.site.scheme == "https", self.site.fingerprint)

    def is_link(self, link: str) -> bool:
        """Whether a phone can be let in by this link now."""
        return self._link is not None and self._link[0] == link and self._now() < self._link[1]

    def end_link(self) -> None:
        """Let nobody in by a link that was made before, nor a phone that waits."""
        self._link = self._request = None

    # --- the phone that waits ----------------------------------------------------------------------------------------

    def ask(self, link: str, host: str, name: str) -> str | None:
        """Spend a link for the phone at the address `host`, and return the secret it keeps; None if the link is worth nothing.

        The secret is worth nothing before the owner has let the phone in.
        """
        network = self._network_of(host)
        if network is None or self.site is None or not self.is_link(link):
            return None
        secret = self._replica.entropy(SECRET_BYTES).hex()
        words = " ".join(enrolment_words(self._replica.entropy(WORDS_BYTES)))
        until = self._now() + LINK_SECONDS
        self._link = None
        self._request = _Request(_hash(secret), name, words, host, self.site.scheme, network, until)
        self._tell()
        return secret

    def waiting(self) -> PhoneRequestView:
        """Return the phone that waits for the owner's word."""
        request = self._open_request()
        if request is None or request.answer is not None:
            return PhoneRequestView(None, None, None)
        return PhoneRequestView(self._free_name(request.name), request.words, request.address)

    def words_of(self, secret: str) -> str | None:
        """Return the words that the phone with this secret shows while it waits; None if it does not wait."""
        request = self._open_request()
        asks = request is not None and request.answer is None and request.hash == _hash(secret)
        return request.words if asks and request is not None else None

    def answer(self, order: PhoneAnswer) -> PhoneRequestView:
        """Take the owner's word on the phone that waits.

        Raises NotFound if none waits. If the words are others, or the owner refuses, it is not let in; for other words
        Refused says so. Raises Usage for a name that cannot be.
        """
        request, view = self._open_request(), self.waiting()
        if request is None or view.words is None:
            raise NotFound("no phone waits to be let in", "make a link for it first")
        same = order.words.casefold().replace("-", " ").split() == request.words.split()
        if order.refuse or not same:
            self._request = request._replace(answer=False)
            self._tell()
            if order.refuse:
                return view
            raise Refused("the phone that waits shows other words, so it was refused", "make a new link")
        name = self._free_name(_checked_name(order.name) if order.name else request.name)
        now = self._now()
        with self._replica.transaction():
            phones = self._replica.store.phones
            phones.add(Phone(name, request.hash, request.scheme, request.network, now, now))
            phones.note_act(PhoneAct(now, name, LET_IN, ""), most=ACTS_MAX)
        self._request = request._replace(answer=True)
        self._tell()
        return PhoneRequestView(name, view.words, view.address)

    # --- the phones that were let in ---------------------------------------------------------------------------------

    def admits(self, secret: str, host: str) -> str | None:
        """Return the name of the phone with this secret, if it may use the page from the address `host`."""
        if not secret or self.site is None:
            return None
        phones, now = self._replica.store.phones, self._now()
        phone = phones.find(_hash(secret))
        if phone is None or phone.seen < now - SESSION_SECONDS:
            return None
        if phone.scheme != self.site.scheme or IPv4Address(host) not in IPv4Network(phone.network):
            return None
        if not phone.seen <= now < phone.seen + SEEN_SECONDS:
            phones.note_seen(phone.name, now)
        return phone.name

    def sign_out(self, secret: str) -> None:
        """Let the phone with this secret in no longer."""
        phone = self._replica.store.phones.find(_hash(secret))
        if phone is not None:
            self._replica.store.phones.remove(phone.name)
            self._tell()

    def note(self, phone: str, act: str, subject: str) -> None:
        """Note in the log what a phone has done."""
        self._replica.store.phones.note_act(PhoneAct(self._now(), phone, act, subject), most=ACTS_MAX)

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._replica.clock.now()

    def _open_request(self) -> _Request | None:
        return self._request if self._request is not None and self._now() < self._request.until else None

    def _network_of(self, host: str) -> str | None:
        """Return the subnet of the page for phones in which an address is."""
        for address in self.site.addresses if self.site is not None else ():
            if IPv4Address(host) in address.network:
                return str(address.network)
        return None

    def _free_name(self, name: str) -> str:
        """Return `name`, with a number if another phone has it."""
        taken = {phone.name.casefold() for phone in self._replica.store.phones.all()}
        number, free = 1, name
        while free.casefold() in taken:
            number += 1
            free = f"{name} {number}"
        return free

    def _tell(self) -> None:
        """Tell the programs that show the question that there is news about it."""
        self._replica.changes.publish(Change(asked=True))


def _checked_name(typed: str) -> str:
    """Return a phone's name as it is kept. Raises Usage if it is empty, too long, or has characters that hide."""
    name = normalize(typed.strip())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise Usage(
            "a phone's name has 1 to {name_max} letters that can be seen",
            "choose another name",
            field=Field.NAME,
            name_max=NAME_MAX,
        )
    return name


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
