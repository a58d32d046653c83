"""Checks the usual causes of trouble one by one, for the node or for one person whom it does not reach.

Every finding says whether all is well and, if not, what to do. Only what this node knows is checked; the command line,
which runs as the owner, checks the files of the home.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from meshnode.app.explain.reachability import CallMade, Reason, of_person
from meshnode.app.explain.status import ConnectionAttempt, NetworkState, firewall_reason, problems
from meshnode.app.naming import PersonRef, find, reference
from meshnode.app.owner import policy
from meshnode.app.peers.contacts import dial_keys
from meshnode.app.people.cards import spent_elsewhere, written
from meshnode.app.people.people import pending_cards
from meshnode.quoting import named
from meshnode.replica.replica import Replica
from protocol import PersonId, person_text

ATTEMPTS_SHOWN = 3


class Finding(Struct, frozen=True):
    """One thing that was checked: a stable code, whether it is well, what was found, and what to do about it."""

    code: str
    well: bool
    message: str
    hint: str = ""


class DoctorView(Struct, frozen=True):
    """The findings of the doctor, for the node or for one `person`."""

    person: PersonRef | None
    findings: tuple[Finding, ...]


def _well(code: str, message: str) -> Finding:
    return Finding(code, well=True, message=message)


def _ill(code: str, message: str, hint: str = "") -> Finding:
    return Finding(code, well=False, message=message, hint=hint)


def look_at_node(replica: Replica, network: NetworkState) -> DoctorView:
    """Check this node."""
    findings = [
        _well("ready", "The node is ready") if network.ready else _ill("ready", "The node is still starting"),
        _addresses(network),
        _announcing(network),
        *_findings(firewall_reason(replica, network)),
        *(
            _ill(known.code, known.message, known.hint)
            for known in problems(replica, network)
            if known.code != "firewall"
        ),
        _company(replica, network),
    ]
    return DoctorView(None, tuple(findings))


def person_named(replica: Replica, who: str) -> PersonId:
    """Return the person whom `who` names. Raises NotFound or Ambiguous."""
    return find(replica, who)


def look_at_person(
    replica: Replica, person: PersonId, network: NetworkState, attempts: Sequence[ConnectionAttempt]
) -> DoctorView:
    """Check whether this node is connected to `person`, and if not, why."""
    mention = reference(replica, person)
    name = named(mention.name)
    sessions = [peer for peer in network.peers if peer.person == person]
    here = firewall_reason(replica, network) if network.firewall is not None else None
    there = of_person(
        name,
        _latest(attempts),
        heard=person in network.heard,
        called_us=any(not peer.dialed for peer in sessions),
        can_be_called=here is None or here.well,
    )
    if sessions:
        state = "and up to date" if any(peer.live for peer in sessions) else "and still syncing"
        findings = [
            _well("connected", f"You are connected to {name} at {sessions[0].address}, {state}"),
            *_findings(there),
        ]
    else:
        findings = [
            *_vouches(replica, person, name),
            _keys(replica, person, name),
            _known_addresses(replica, person, name),
            _heard(network, person, name),
            *_turn(network, person, name),
            *(_attempt(attempt) for attempt in attempts[-ATTEMPTS_SHOWN:]),
            *_findings(there),
            _addresses(network),
            _announcing(network),
            *_findings(here),
        ]
        findings += [
            _ill(known.code, known.message, known.hint)
            for known in problems(replica, network)
            if known.code not in ("card_used", "firewall")
        ]
    return DoctorView(mention, tuple(findings))


def _addresses(network: NetworkState) -> Finding:
    if network.addresses:
        listed = ", ".join(written(host, port) for host, port in network.addresses)
        if network.called_in is not None:
            return _well("listening", f"Others have reached this node. It listens at {listed}")
        return _well("listening", f"This node listens at {listed}. Nobody has called it from another computer yet")
    return _ill(
        "listening",
        "This node has no address on any network",
        "connect this computer to a network, or name one: meshnode run --interface NAME",
    )


def _announcing(network: NetworkState) -> Finding:
    if network.announcing:
        return _well("announcing", "This node is announced on the local network")
    return _ill(
        "announcing",
        "This node is not announced on the local network",
        "run it without --no-mdns, or give the address of another node: meshnode peer add HOST:PORT",
    )


def _findings(reason: Reason | None) -> list[Finding]:
    return [] if reason is None else [Finding(reason.code, well=reason.well, message=reason.message, hint=reason.hint)]


def _latest(attempts: Sequence[ConnectionAttempt]) -> list[CallMade]:
    """Return the latest call to each address."""
    latest = {attempt.address: CallMade(attempt.address, attempt.answer, attempt.near) for attempt in attempts}
    return list(latest.values())


def _company(replica: Replica, network: NetworkState) -> Finding:
    if network.peers:
        count = len({peer.person for peer in network.peers})
        return _well("company", f"This node is connected to {count} {'person' if count == 1 else 'people'}")
    own = policy.own(replica)
    if own is None or not own.vouches:
        return _ill(
            "company",
            "You are not connected to anybody, and trust nobody yet",
            "give somebody your card ('meshnode card'), or add theirs ('meshnode add')",
        )
    return _ill(
        "company",
        "You are not connected to anybody now",
        "to find out why for one person: meshnode doctor NAME",
    )


def _vouches(replica: Replica, person: PersonId, name: str) -> list[Finding]:
    given, back = policy.weight(replica, person), replica.trust_state.graph.weight(person, replica.me)
    if person_text(person) in spent_elsewhere(replica):
        return [
            _ill(
                "card_used",
                f"{name}'s card was used by somebody else, or has ended",
                f"ask {name} for a new one, and add it: meshnode add",
            )
        ]
    if any(card.giver == person for card in pending_cards(replica)) and not back:
        return [_well("card_pending", f"{name}'s card is kept here, and used as soon as your nodes connect")]
    if given and not back:
        return [
            _ill("not_answered", f"You trust {name}, who does not trust you yet", "exchange cards again: meshnode card")
        ]
    return []


def _keys(replica: Replica, person: PersonId, name: str) -> Finding:
    if dial_keys(replica, person):
        return _well("keys", f"The keys for connecting to {name} are known")
    return _ill(
        "keys", f"No key for connecting to {name} is known", f"ask {name} for a new card, and add it: meshnode add"
    )


def _known_addresses(replica: Replica, person: PersonId, name: str) -> Finding:
    known = [written(address.host, address.port) for address in replica.store.people.addresses(person)]
    known += [
        written(*address) for card in pending_cards(replica) if card.giver == person for address in card.addresses
    ]
    if known:
        return _well("addresses", f"{name}'s node was last known at {', '.join(dict.fromkeys(known))}")
    return _ill(
        "addresses",
        f"No address of {name}'s node is known",
        "join the network that it is on, or give its address: meshnode peer add HOST:PORT",
    )


def _heard(network: NetworkState, person: PersonId, name: str) -> Finding:
    if person in network.heard:
        return _well("heard", f"{name}'s node is announced on this network")
    return _ill(
        "heard",
        f"{name}'s node is not announced on this network",
        "it may be off, on another network, or in a Wi-Fi that separates its guests",
    )


def _turn(network: NetworkState, person: PersonId, name: str) -> list[Finding]:
    if person not in network.turns:
        return []
    seconds = max(1, network.turns[person])
    when = "within a second" if seconds == 1 else f"within {seconds} seconds"
    message = (
        f"{name}'s node and yours take turns with others, since one of them has many contacts; they connect {when}"
    )
    return [_well("turn", message)]


def _attempt(attempt: ConnectionAttempt) -> Finding:
    return _ill("attempt", f"Tried to connect to {attempt.address}: {attempt.outcome}")
