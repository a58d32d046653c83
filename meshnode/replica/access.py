"""What a person may have of the records this node holds: the protocol's audience rules, asked of the circle.

Three answers, because doubt is not evidence: YES (serve, show), NO (refuse, drop) and UNKNOWN (hold and hide, since a
policy that would decide is missing or suspended).
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from meshnode.replica.trust_state import Circle
from protocol import (
    Audience,
    DeviceId,
    Kind,
    ListingFacts,
    PersonId,
    Standing,
    TrustGraph,
    Verdict,
    effective_audience,
    letter_tag,
    limits,
    may_have_device,
    may_have_join,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    visible,
)


class Answer(Enum):
    """Whether somebody may have a record."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Judged(Protocol):
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

Question = tuple[int, PersonId, DeviceId, int, int, str | bytes | None]
"""Kind, author, device, audience and policy version; then a listing's own place, the slot that names a join's group, or a
letter's slot and tag, which say whom it is for."""


def question(row: Judged) -> Question:
    """All that an answer depends on beside viewer, circle and clock: equal questions have equal answers."""
    return (
        row.kind,
        row.author,
        row.device,
        row.audience,
        row.policy_version,
        about(row.kind, row.slot, row.place, row.tag),
    )


def about(kind: int, slot: bytes, place: str | None, tag: bytes | None) -> str | bytes | None:
    """The last part of a question: what else in a record of this kind matters."""
    if kind == Kind.LETTER:
        return slot + (tag or b"")  # withdrawn, or its header alone, it tells nobody whom it is for
    return slot if kind == Kind.JOIN else place


def as_asked_by(viewer: PersonId, asked: Question) -> Question:
    """`asked` without what makes no difference to `viewer`: all letters to others of one author are one question to him."""
    if asked[0] != Kind.LETTER or _addressed(viewer, asked):
        return asked
    return (*asked[:-1], b"")


class Judge:
    """Answers questions about audience from what the circle says at this moment."""

    def __init__(self, circle: Circle, me: PersonId) -> None:
        self._circle = circle
        self._me = me

    @property
    def circle(self) -> Circle:
        """What it judges by."""
        return self._circle

    @property
    def version(self) -> int:
        """The circle's: while it stays the same, so do all answers."""
        return self._circle.version

    def may_have(self, viewer: PersonId, row: Judged, now: int) -> Answer:
        """Whether `viewer` may have the record behind `row` at `now`."""
        return _ended(viewer, row, now) or self.answer(viewer, question(row))

    def answer(self, viewer: PersonId, asked: Question) -> Answer:
        """The answer to a question; expiry is not part of it."""
        kind, author, device, _, policy_version, _ = asked
        if author == viewer:
            return Answer.YES
        if kind not in _TOLD_OF_BLOCKS and self._circle.graph.blocks(viewer, author):
            return Answer.NO  # whatever the author may have said, the viewer's own word is known
        if viewer == self._me and _addressed(viewer, asked) and not self._circle.graph.blocks(author, viewer):
            return Answer.YES  # its author had us in mind: it needs no policy of his, which we might never be given
        if not self._decidable(author, device, policy_version):
            return Answer.UNKNOWN
        answer = self._by(self._circle.graph, viewer, asked)
        before = self._circle.in_doubt()
        if answer is Answer.NO and before is not None and self._by(before, viewer, asked) is not Answer.NO:
            return Answer.UNKNOWN
        return answer

    def _decidable(self, author: PersonId, device: DeviceId, policy_version: int) -> bool:
        """Whether the author's policy is in use, and as new as the one the record was made under."""
        if self._circle.policy(author) is None:
            return False
        return policy_version == 0 or self._circle.policy_version(author, device) >= policy_version

    def _by(self, graph: TrustGraph, viewer: PersonId, asked: Question) -> Answer:
        """The answer if `graph` were all there is to know about trust."""
        kind, author, _, audience, _, detail = asked
        standing = self._circle.consent(author, viewer, graph)
        if kind == Kind.LISTING:
            assert not isinstance(detail, bytes)
            return self._listing(graph, viewer, author, audience, detail, standing)
        if kind == Kind.PROFILE:
            return _yes_or_no(may_have_profile(standing))
        if kind == Kind.JOIN:
            assert isinstance(detail, bytes)
            return _yes_or_no(may_have_join(standing, in_group=self._circle.in_slot(viewer, detail, graph)))
        if kind == Kind.LETTER:
            return _yes_or_no(may_have_letter(standing, addressed=_addressed(viewer, asked)))
        if kind not in _TOLD_OF_BLOCKS:
            return Answer.NO
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
    ) -> Answer:
        policy = graph.policy(author)
        if policy is None:
            return Answer.NO
        giver, taker = self._circle.profile(author), self._circle.profile(viewer)
        facts = ListingFacts(
            audience=effective_audience(Audience(audience), policy.preference),
            place=place or (giver.place if giver else None),
            radius_km=policy.preference.radius_km,
        )
        if visible(facts, standing, viewer_place=taker.place if taker else None) is Verdict.VISIBLE:
            return Answer.YES
        a_place_is_missing = taker is None or (giver is None and place is None)
        if facts.audience == Audience.ANYONE_LOCAL and standing.in_web and a_place_is_missing:
            return Answer.UNKNOWN
        return Answer.NO


class Answers(dict[Question, Answer]):
    """The answers about one viewer, each asked for once: nearly all records pose a question that others posed before."""

    def __init__(self, judge: Judge, viewer: PersonId) -> None:
        super().__init__()
        self._judge = judge
        self._viewer = viewer
        self._version = judge.version

    def keep_up(self) -> None:
        """To be called before asking: forget all answers if the circle has changed since they were given."""
        if self._version != self._judge.version:
            self._version = self._judge.version
            self.clear()

    def may_have(self, row: Judged, now: int) -> Answer:
        """As the judge's."""
        return _ended(self._viewer, row, now) or self[question(row)]

    def __missing__(self, asked: Question) -> Answer:
        answer = self[asked] = self._judge.answer(self._viewer, asked)
        return answer


def _ended(viewer: PersonId, row: Judged, now: int) -> Answer | None:
    """The answer about what has expired: its author alone may have it. None while it lives."""
    if row.expires > now:
        return None
    return Answer.YES if row.author == viewer else Answer.NO


def _addressed(viewer: PersonId, asked: Question) -> bool:
    """Whether this is a question about a letter to `viewer`."""
    kind, author, *_, detail = asked
    if kind != Kind.LETTER or not isinstance(detail, bytes):
        return False
    slot, tag = detail[: limits.SLOT_BYTES], detail[limits.SLOT_BYTES :]
    return bool(tag) and tag == letter_tag(author, viewer, slot)


def _yes_or_no(allowed: bool) -> Answer:
    return Answer.YES if allowed else Answer.NO
