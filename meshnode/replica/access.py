"""Decides who may have a record: applies the protocol's audience rules to the trust state of this node.

There are three decisions, because doubt is not evidence: ALLOW (serve it, show it), DENY (refuse it, drop it) and
UNKNOWN (keep it without serving or showing it), where the policy that would decide is missing or suspended.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from meshnode.replica.access_keys import AccessKey, AccessKeys
from meshnode.replica.trust_state import TrustState
from protocol import Audience, Body, DeviceId, Header, Kind, Letter, Listing, PersonId, limits
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
    """Whether a person may have a record."""

    ALLOW = "allow"
    DENY = "deny"
    UNKNOWN = "unknown"


class AccessSubject(Protocol):
    """The fields that a decision looks at. A stored row has them."""

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


# A viewer gets these even of an author whom they block: the author's policy says what still concerns the viewer.
_KINDS_DESPITE_BLOCK = frozenset({Kind.DEVICE, Kind.POLICY})

_REMEMBERED = 512  # decisions about one viewer: posts that each have a place of their own cannot fill the memory
NOTHING_DECIDABLE = -1  # lower than the version of any policy, and than 0, which records of no policy have


def access_key(row: AccessSubject) -> AccessKey:
    """Return all that a decision depends on beside the viewer, the trust state and the clock."""
    return (
        row.kind,
        row.author,
        row.device,
        row.audience,
        row.policy_version,
        subject(row.kind, row.slot, row.place, row.tag),
    )


def key_of(header: Header, body: Body | None) -> AccessKey:
    """Return the access key of a record that is not stored yet."""
    place = body.place if isinstance(body, Listing) else None
    tag = body.tag if isinstance(body, Letter) else None
    return (
        header.kind,
        header.author,
        header.device,
        header.audience,
        header.policy_version,
        subject(header.kind, header.slot, place, tag),
    )


def subject(kind: int, slot: bytes, place: str | None, tag: bytes | None) -> str | bytes | None:
    """Return what else matters for a record of this kind.

    It is a listing's own place, the slot of a join (which names the group), or a letter's slot and tag, which say whom
    it is for.
    """
    if kind == Kind.LETTER:
        return slot + (tag or b"")  # a tombstone has no tag: it says nothing about the addressee
    return slot if kind == Kind.JOIN else place


def key_for(viewer: PersonId, key: AccessKey) -> AccessKey:
    """Return `key` without what makes no difference to `viewer`: one author's letters to others share one key."""
    if key[0] != Kind.LETTER or _is_addressed(viewer, key):
        return key
    return (*key[:-1], b"")


class AccessPolicy:
    """Decides from the trust state as it is at this moment, on the node of the person `me`.

    It reads nothing from the store and caches nothing; `AccessCache` remembers decisions. Used in the store thread.
    """

    def __init__(self, trust_state: TrustState, me: PersonId) -> None:
        self._trust_state = trust_state
        self._me = me
        self.keys = AccessKeys()
        """Numbers the keys that are decided about, for all viewers."""

    @property
    def trust_state(self) -> TrustState:
        """The trust state that decisions are made from."""
        return self._trust_state

    @property
    def version(self) -> int:
        """The version of the trust state: while it stays the same, so do all decisions."""
        return self._trust_state.version

    def may_have(self, viewer: PersonId, row: AccessSubject, now: int) -> Access:
        """Decide whether `viewer` may have the record behind `row` at `now` (UNIX seconds)."""
        return _if_expired(viewer, row, now) or self.decide(viewer, access_key(row))

    def decide(self, viewer: PersonId, key: AccessKey) -> Access:
        """Decide whether `viewer` may have the records with this key, apart from expiry.

        UNKNOWN where the author's policy is missing, is suspended, or is older than the one that the record was written
        under; and where a suspended policy of anybody could turn DENY into ALLOW.
        """
        kind, author, device, _, policy_version, _ = key
        if author == viewer:
            return Access.ALLOW
        if kind not in _KINDS_DESPITE_BLOCK and self._trust_state.graph.blocks(viewer, author):
            return Access.DENY  # whatever the author's policy says, the viewer's is known
        if viewer == self._me and _is_addressed(viewer, key):
            return Access.ALLOW  # a letter to us needs no policy of its author: we may never be given it
        if kind == Kind.DEVICE and (
            self._are_counterparts(author, viewer) or self._trust_state.invited_for(author, device, viewer)
        ):
            return Access.ALLOW
        if kind != Kind.DEVICE and self._trust_state.is_surplus(author, device):
            return Access.UNKNOWN  # it may count later
        if policy_version > self.newest_decidable(author, device):
            given_up = self._trust_state.is_given_up(author) and kind not in _KINDS_DESPITE_BLOCK
            return Access.DENY if given_up else Access.UNKNOWN
        decision = self._in_graph(self._trust_state.graph, viewer, key)
        doubtful = self._trust_state.graph_with_suspended()
        if (
            decision is Access.DENY
            and doubtful is not None
            and self._in_graph(doubtful, viewer, key) is not Access.DENY
        ):
            return Access.UNKNOWN
        return decision

    def _are_counterparts(self, author: PersonId, viewer: PersonId) -> bool:
        """Whether one of the two is the owner of this node, and the other has an open exchange with them.

        They may have each other's certificates, and so write to each other, even if trust between them has ended.
        """
        counterparts = self._trust_state.counterparts
        return (viewer == self._me and author in counterparts) or (author == self._me and viewer in counterparts)

    def passes_on(self, viewer: PersonId, key: AccessKey, *, withdrawn: bool) -> bool:
        """Whether `viewer` is given this certificate, policy or withdrawal, whose author's policy had ended when it came.

        It is passed on as its author allowed it, since it may be this node's clock that is wrong. Nothing else is.
        """
        kind, author, *_ = key
        doubtful = self._trust_state.graph_with_suspended()
        if doubtful is None or not self._trust_state.has_past_policy(author):
            return False
        if kind not in _KINDS_DESPITE_BLOCK and not withdrawn:
            return False
        return self._in_graph(doubtful, viewer, key) is Access.ALLOW

    def newest_decidable(self, author: PersonId, device: DeviceId) -> int:
        """Return the newest policy version such that records written under it by `device` can be decided about.

        NOTHING_DECIDABLE where the author's policy is missing or suspended.
        """
        if self._trust_state.policy(author) is None:
            return NOTHING_DECIDABLE
        return self._trust_state.policy_version(author, device)

    def newest_shown(self, author: PersonId, device: DeviceId) -> int:
        """Return the same for listings that may be shown; NOTHING_DECIDABLE too where the device does not count."""
        if self._trust_state.is_surplus(author, device):
            return NOTHING_DECIDABLE
        return self.newest_decidable(author, device)

    def _in_graph(self, graph: TrustGraph, viewer: PersonId, key: AccessKey) -> Access:
        """Decide as if `graph` were all that is known about trust."""
        kind, author, _, audience, _, detail = key
        standing = self._trust_state.consent(author, viewer, graph)
        if kind == Kind.LISTING:
            assert not isinstance(detail, bytes)
            return self._listing(graph, viewer, author, audience, detail, standing)
        if kind == Kind.PROFILE:
            return _access(may_have_profile(standing))
        if kind == Kind.JOIN:
            assert isinstance(detail, bytes)
            return _access(may_have_join(standing, in_group=self._trust_state.in_slot(viewer, detail, graph)))
        if kind == Kind.LETTER:
            addressed, viewer_blocks = _is_addressed(viewer, key), graph.blocks(viewer, author)
            return _access(may_have_letter(standing, addressed=addressed, viewer_blocks=viewer_blocks))
        if kind not in _KINDS_DESPITE_BLOCK:
            return Access.DENY
        same_mesh, vouched = graph.same_mesh(author, viewer), graph.weight(author, viewer) > 0
        if kind == Kind.DEVICE:
            return _access(may_have_device(standing, same_mesh=same_mesh, vouched=vouched))
        blocks = graph.blocks(author, viewer)
        return _access(may_have_policy(standing, same_mesh=same_mesh, vouched=vouched, author_blocks=blocks))

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
            return Access.DENY
        known = self._trust_state
        author_place, viewer_place = known.published_place(author), known.published_place(viewer)
        facts = listing_facts(audience, place, preference=policy.preference, author_place=author_place)
        if visible(facts, standing, viewer_place=viewer_place) is Verdict.VISIBLE:
            return Access.ALLOW
        if facts.paused:
            return Access.DENY  # wherever the two are
        author_unknown = place is None and known.profile(author) is None
        a_place_is_missing = author_unknown or known.profile(viewer) is None
        if facts.audience == Audience.ANYONE_LOCAL and standing.in_web and a_place_is_missing:
            return Access.UNKNOWN
        return Access.DENY


class AccessCache(dict[AccessKey, Access]):
    """Remembers the decisions about one viewer. Nearly all records share their key with others."""

    def __init__(self, access: AccessPolicy, viewer: PersonId) -> None:
        super().__init__()
        self._access = access
        self._viewer = viewer
        self._version = access.version

    def refresh(self) -> None:
        """Forget all decisions if the trust state has changed since they were made; to be called before asking."""
        if self._version != self._access.version:
            self._version = self._access.version
            self.clear()

    def may_have(self, row: AccessSubject, now: int) -> Access:
        """Decide as `AccessPolicy.may_have` does."""
        return _if_expired(self._viewer, row, now) or self[access_key(row)]

    def __missing__(self, key: AccessKey) -> Access:
        if len(self) >= _REMEMBERED:
            self.clear()
        decision = self[key] = self._access.decide(self._viewer, key)
        return decision


def _if_expired(viewer: PersonId, row: AccessSubject, now: int) -> Access | None:
    """Decide about an expired record, which only its author may have. None while it has not expired."""
    if row.expires > now:
        return None
    return Access.ALLOW if row.author == viewer else Access.DENY


def _is_addressed(viewer: PersonId, key: AccessKey) -> bool:
    """Whether this is the key of a letter to `viewer`."""
    kind, author, *_, detail = key
    if kind != Kind.LETTER or not isinstance(detail, bytes):
        return False
    slot, tag = detail[: limits.SLOT_BYTES], detail[limits.SLOT_BYTES :]
    return bool(tag) and tag == letter_tag(author, viewer, slot)


def _access(allowed: bool) -> Access:
    return Access.ALLOW if allowed else Access.DENY
