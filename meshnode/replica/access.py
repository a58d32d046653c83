"""What a person may have of the records this node holds: the protocol's audience rules, asked of the circle.

Three answers, because doubt is not evidence: YES (serve, show), NO (refuse, drop) and UNKNOWN (hold and hide, since a
policy that would decide is missing or suspended).
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from meshnode.replica.trust_state import TrustState
from protocol import Audience, DeviceId, Kind, PersonId, limits
from protocol.letters import letter_tag
from protocol.trust import (
    Standing,
    TrustGraph,
    Verdict,
    listing_facts,
    may_have_device,
    may_have_join,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    visible,
)


class Access(Enum):
    """Whether somebody may have a record."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class AccessSubject(Protocol):
    """What a judgement looks at: a stored row has it, and so has a record that has just come."""

    @property
    def kind(self) -> int: ...
    @property
    def author(self) -> PersonId: ...
    @property
    def device(self) -> DeviceId: ...
    @property
    def audience(self) -> int: ...
    @property
    def policy_version(self) -> int: ...
    @property
    def expires(self) -> int: ...
    @property
    def place(self) -> str | None: ...
    @property
    def slot(self) -> bytes: ...
    @property
    def tag(self) -> bytes | None: ...


_TOLD_OF_BLOCKS = frozenset(
    {Kind.DEVICE, Kind.POLICY}
)  # who is blocked by the viewer is told what he says all the same

AccessKey = tuple[int, PersonId, DeviceId, int, int, str | bytes | None]
"""Kind, author, device, audience and policy version; then a listing's own place, the slot that names a join's group, or a
letter's slot and tag, which say whom it is for."""


def access_key(row: AccessSubject) -> AccessKey:
    """All that an answer depends on beside viewer, circle and clock: equal questions have equal answers."""
    return (
        row.kind,
        row.author,
        row.device,
        row.audience,
        row.policy_version,
        subject(row.kind, row.slot, row.place, row.tag),
    )


def subject(kind: int, slot: bytes, place: str | None, tag: bytes | None) -> str | bytes | None:
    """The last part of a question: what else in a record of this kind matters."""
    if kind == Kind.LETTER:
        return slot + (tag or b"")  # withdrawn, or its header alone, it tells nobody whom it is for
    return slot if kind == Kind.JOIN else place


def as_asked_by(viewer: PersonId, asked: AccessKey) -> AccessKey:
    """`asked` without what makes no difference to `viewer`: all letters to others of one author are one question to him."""
    if asked[0] != Kind.LETTER or _addressed(viewer, asked):
        return asked
    return (*asked[:-1], b"")


class AccessPolicy:
    """AccessCache questions about audience from what the circle says at this moment."""

    def __init__(self, trust_state: TrustState, me: PersonId) -> None:
        self._trust_state = trust_state
        self._me = me

    @property
    def trust_state(self) -> TrustState:
        """What it judges by."""
        return self._trust_state

    @property
    def version(self) -> int:
        """The circle's: while it stays the same, so do all answers."""
        return self._trust_state.version

    def may_have(self, viewer: PersonId, row: AccessSubject, now: int) -> Access:
        """Whether `viewer` may have the record behind `row` at `now`."""
        return _ended(viewer, row, now) or self.answer(viewer, access_key(row))

    def answer(self, viewer: PersonId, asked: AccessKey) -> Access:
        """The answer to a question; expiry is not part of it."""
        kind, author, device, _, policy_version, _ = asked
        if author == viewer:
            return Access.YES
        if kind not in _TOLD_OF_BLOCKS and self._trust_state.graph.blocks(viewer, author):
            return Access.NO  # whatever the author may have said, the viewer's own word is known
        if viewer == self._me and _addressed(viewer, asked) and not self._trust_state.graph.blocks(author, viewer):
            return Access.YES  # its author had us in mind: it needs no policy of his, which we might never be given
        if not self._decidable(author, device, policy_version):
            return Access.UNKNOWN
        answer = self._by(self._trust_state.graph, viewer, asked)
        before = self._trust_state.in_doubt()
        if answer is Access.NO and before is not None and self._by(before, viewer, asked) is not Access.NO:
            return Access.UNKNOWN
        return answer

    def _decidable(self, author: PersonId, device: DeviceId, policy_version: int) -> bool:
        """Whether the author's policy is in use, and as new as the one the record was made under."""
        if self._trust_state.policy(author) is None:
            return False
        return policy_version == 0 or self._trust_state.policy_version(author, device) >= policy_version

    def _by(self, graph: TrustGraph, viewer: PersonId, asked: AccessKey) -> Access:
        """The answer if `graph` were all there is to know about trust."""
        kind, author, _, audience, _, detail = asked
        standing = self._trust_state.consent(author, viewer, graph)
        if kind == Kind.LISTING:
            assert not isinstance(detail, bytes)
            return self._listing(graph, viewer, author, audience, detail, standing)
        if kind == Kind.PROFILE:
            return _yes_or_no(may_have_profile(standing))
        if kind == Kind.JOIN:
            assert isinstance(detail, bytes)
            return _yes_or_no(may_have_join(standing, in_group=self._trust_state.in_slot(viewer, detail, graph)))
        if kind == Kind.LETTER:
            return _yes_or_no(may_have_letter(standing, addressed=_addressed(viewer, asked)))
        if kind not in _TOLD_OF_BLOCKS:
            return Access.NO
        same_mesh, vouched = graph.same_mesh(author, viewer), graph.weight(author, viewer) > 0
        if kind == Kind.DEVICE:
            return _yes_or_no(may_have_device(standing, same_mesh=same_mesh, vouched=vouched))
        blocks = graph.blocks(author, viewer)
        return _yes_or_no(may_have_policy(standing, same_mesh=same_mesh, vouched=vouched, author_blocks=blocks))

    def _listing(
        self,
        graph: TrustGraph,
        viewer: PersonId,
        author: PersonId,
        audience: int,
        place: str | None,
        standing: Standing,
    ) -> Access:
        policy = graph.policy(author)
        if policy is None:
            return Access.NO
        known = self._trust_state
        author_place, viewer_place = known.published_place(author), known.published_place(viewer)
        facts = listing_facts(audience, place, preference=policy.preference, author_place=author_place)
        if visible(facts, standing, viewer_place=viewer_place) is Verdict.VISIBLE:
            return Access.YES
        author_unknown = place is None and known.profile(author) is None
        a_place_is_missing = author_unknown or known.profile(viewer) is None
        if facts.audience == Audience.ANYONE_LOCAL and standing.in_web and a_place_is_missing:
            return Access.UNKNOWN
        return Access.NO


class AccessCache(dict[AccessKey, Access]):
    """The answers about one viewer, each asked for once: nearly all records pose a question that others posed before."""

    def __init__(self, access: AccessPolicy, viewer: PersonId) -> None:
        super().__init__()
        self._access = access
        self._viewer = viewer
        self._version = access.version

    def keep_up(self) -> None:
        """To be called before asking: forget all answers if the circle has changed since they were given."""
        if self._version != self._access.version:
            self._version = self._access.version
            self.clear()

    def may_have(self, row: AccessSubject, now: int) -> Access:
        """As the judge's."""
        return _ended(self._viewer, row, now) or self[access_key(row)]

    def __missing__(self, asked: AccessKey) -> Access:
        answer = self[asked] = self._access.answer(self._viewer, asked)
        return answer


def _ended(viewer: PersonId, row: AccessSubject, now: int) -> Access | None:
    """The answer about what has expired: its author alone may have it. None while it lives."""
    if row.expires > now:
        return None
    return Access.YES if row.author == viewer else Access.NO


def _addressed(viewer: PersonId, asked: AccessKey) -> bool:
    """Whether this is a question about a letter to `viewer`."""
    kind, author, *_, detail = asked
    if kind != Kind.LETTER or not isinstance(detail, bytes):
        return False
    slot, tag = detail[: limits.SLOT_BYTES], detail[limits.SLOT_BYTES :]
    return bool(tag) and tag == letter_tag(author, viewer, slot)


def _yes_or_no(allowed: bool) -> Access:
    return Access.YES if allowed else Access.NO
