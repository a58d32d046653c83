"""Changes what the owner says of themselves, and the names that they call others by.

The first goes to everybody in the owner's web. The second stays on this node.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from meshnode.app.naming import PersonRef, find, known, name_of, public_name, reference
from meshnode.app.owner.presence_key import PRESENCE_KEY_BYTES
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import first_names
from meshnode.app.people.people import PersonView, view
from meshnode.errors import NotFound, Refused, Usage, not_allowed
from meshnode.quoting import named, quoted
from meshnode.replica.replica import Replica
from protocol import InvalidField, PersonId, check_text, limits, normalize, normalize_line, person_text


class ProfileChange(Struct, frozen=True):
    """A change of the texts that others read about you; null leaves one as it is, an empty `about` removes it."""

    name: str | None = None
    about: str | None = None


class OwnName(Struct, frozen=True):
    """Your own name for a person. Other people never learn of it."""

    name: str


class OwnNameView(Struct, frozen=True):
    """A person whom you call by a name of your own, and the name that they give themselves."""

    person: PersonRef
    public_name: str


def profile(replica: Replica, connected: Collection[PersonId]) -> PersonView:
    """Return what others can read about the owner."""
    return view(replica, replica.me, connected)


def change_profile(replica: Replica, wanted: ProfileChange, connected: Collection[PersonId]) -> PersonView:
    """Change the owner's name or description for everybody; what is so already is not signed again.

    Raises Usage where nothing is to be changed, or a text cannot be used.
    """
    if wanted == ProfileChange():
        raise Usage("say what to change", "'meshnode me --help' lists what can be changed")
    before = replica.trust_state.profile(replica.me)
    name = None if wanted.name is None else checked_name(wanted.name)
    about = None if wanted.about is None else normalize(wanted.about)
    if before is None or (name not in (None, before.name)) or (about not in (None, before.about)):
        try:
            # Somebody who came back, and of whom nobody has anything any longer, begins a new profile by naming themselves.
            first = replica.entropy(PRESENCE_KEY_BYTES) if before is None and name is not None else None
            set_profile(replica, name=name, about=about, presence_key=first)
        except InvalidField as fault:
            raise not_allowed(fault) from fault
    return view(replica, replica.me, connected)


def call(replica: Replica, who: str, wanted: OwnName, connected: Collection[PersonId]) -> PersonView:
    """Call the person whom `who` means by a name of the owner's own, wherever this node shows them.

    Raises Refused for the owner, and for a name by which the owner calls somebody else already.
    """
    person, name = find(replica, who, _nameable(replica)), checked_name(wanted.name)
    if person == replica.me:
        raise Refused("that is you", "'meshnode me --name NAME' changes your name for everybody")
    for other, taken in replica.store.own_names.all().items():
        if other != person and taken.casefold() == name.casefold():
            raise Refused(
                "you call somebody else {name} already",
                "choose another name for {person}",
                name=quoted(name),
                person=person_text(person),
            )
    with replica.transaction() as changed:
        replica.store.own_names.set(person, name)
        changed.note(people=[person])
    return view(replica, person, connected)


def stop_calling(replica: Replica, who: str, connected: Collection[PersonId]) -> PersonView:
    """Show a person by the name that they give themselves again. Raises NotFound where the owner has no other."""
    person = find(replica, who, _nameable(replica))
    if person not in replica.store.own_names.chosen() and name_of(replica, person) == public_name(replica, person):
        raise NotFound(
            "you have no name of your own for {name}",
            "nothing has changed",
            name=named(reference(replica, person).name),
        )
    with replica.transaction() as changed:
        first_names.take_over(replica, person)
        changed.note(people=[person])
    return view(replica, person, connected)


def own_names(replica: Replica) -> tuple[OwnNameView, ...]:
    """Return everybody whom the owner calls by a name of their own, in the order of these names."""
    found = [
        OwnNameView(PersonRef(person_text(person), name), public_name(replica, person))
        for person, name in replica.store.own_names.chosen().items()
    ]
    return tuple(sorted(found, key=lambda one: (one.person.name.casefold(), one.person.id)))


def checked_name(typed: str) -> str:
    """Return a name as it is kept. Raises Usage where it cannot be used."""
    name = normalize_line(typed)
    try:
        check_text("name", name, limits.NAME_MAX, shortest=1)
    except InvalidField as fault:
        raise not_allowed(fault) from fault
    return name


def _nameable(replica: Replica) -> set[PersonId]:
    """Return the people who may be named here, those whom the owner blocks, and those who have an own name."""
    blocked = {person for person, _ in replica.store.blocked.all()}
    return {*known(replica), *blocked, *replica.store.own_names.all()}
