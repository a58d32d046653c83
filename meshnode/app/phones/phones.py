"""Lists the phones that were let in and what they did lately, and removes them."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.page_access import SESSION_SECONDS
from meshnode.app.phones.access import PhoneAccess
from meshnode.app.phones.settings import settings
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import Phone
from protocol import limits

ACTS_SHOWN = 20


class PhoneView(Struct, frozen=True):
    """A phone that was let in, from which network, over TLS or not, when, and when it was used last (UNIX seconds)."""

    name: str
    network: str
    tls: bool
    admitted: int
    seen: int


class PhoneActView(Struct, frozen=True):
    """Something that a phone did: `act` is a word for what, `subject` the id of the thing, if there is one."""

    at: int
    phone: str
    act: str
    subject: str


class PhonesView(Struct, frozen=True):
    """Whether phones may use your page, and how; the phones, and what they did lately, the newest first.

    `addresses` are where phones find it. They are empty while it is off, while the node does not run, and while the computer is on no private network.
    """

    on: bool
    tls: bool
    interfaces: tuple[str, ...]
    addresses: tuple[str, ...]
    fingerprint: str
    phones: tuple[PhoneView, ...]
    acts: tuple[PhoneActView, ...]


def phones(replica: Replica, access: PhoneAccess) -> PhonesView:
    """Return the phones that may use the page."""
    found, site = settings(replica), access.site
    return PhonesView(
        on=found.on,
        tls=found.tls,
        interfaces=found.interfaces,
        addresses=() if site is None else tuple(f"{site.scheme}://{host}" for host in site.hosts),
        fingerprint="" if site is None else site.fingerprint,
        phones=tuple(map(_shown, _used(replica))),
        acts=tuple(
            PhoneActView(act.at, act.phone, act.act, act.subject) for act in replica.store.phones.acts(ACTS_SHOWN)
        ),
    )


def revoke(replica: Replica, which: str) -> PhoneView:
    """Let a phone in no longer, and return what it was. Raises NotFound and Ambiguous as every name does."""
    candidates = [_candidate(phone) for phone in replica.store.phones.all()]
    phone = pick(which, candidates, noun="phone", destructive=True)
    if phone is None:
        raise NotFound("no phone of this name may use your page", "look at the list of your phones")
    replica.store.phones.remove(phone.name)
    replica.changes.publish(Change(asked=True))
    return _shown(phone)


def seen_lately(replica: Replica) -> int:
    """Return how many phones have used the page within a day."""
    since = replica.clock.now() - limits.DAY
    return sum(phone.seen > since for phone in replica.store.phones.all())


def _used(replica: Replica) -> list[Phone]:
    """Return the phones that may still use the page."""
    since = replica.clock.now() - SESSION_SECONDS
    return [phone for phone in replica.store.phones.all() if phone.seen >= since]


def _candidate(phone: Phone) -> Candidate[Phone]:
    return Candidate(phone, phone.name, phone.name, lambda: phone.name)


def _shown(phone: Phone) -> PhoneView:
    return PhoneView(phone.name, phone.network, phone.scheme == "https", phone.admitted, phone.seen)
