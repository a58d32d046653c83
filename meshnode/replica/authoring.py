"""Writing in one's own name: the next version of a register, signed by this device, through the one write door.

`min_valid_version` is how an author takes something back from people who will never see the new version: it rises to the new
version when that narrows, and stays where it was when older versions are still harmless to use.
"""

from __future__ import annotations

from meshnode.errors import Failed, Refused
from meshnode.replica.replica import Replica
from protocol import Audience, Body, Code, Kind, Record, device_slot, limits, signed

_LIVES = {
    Kind.LISTING: limits.LISTING_LIFE,
    Kind.PROFILE: limits.PROFILE_LIFE,
    Kind.POLICY: limits.POLICY_LIFE,
    Kind.JOIN: limits.JOIN_LIFE,
    Kind.LETTER: limits.LETTER_LIFE,
}


def fresh_salt(replica: Replica) -> bytes:
    """A salt for a new body: a header alone must not be guessed at."""
    return replica.entropy(limits.SALT_BYTES)


def write(  # noqa: PLR0913 - each says another thing about the record
    replica: Replica,
    kind: Kind,
    slot: bytes,
    body: Body,
    *,
    life: int,
    audience: Audience = Audience.FOLLOWS,
    expires: int | None = None,
    may_reduce_access: bool = False,
    above: int = 0,
) -> Record:
    """Sign the next version of own register (`kind`, `slot`) and commit it.

    It lives `life` seconds from now, or until `expires` (UNIX seconds). `may_reduce_access` says that older versions must no
    longer be used by anybody. `above` is a version that was in use before, should the store have forgotten it: no device
    may sign two records for one. Whatever must be committed with the record is written in one `replica.transaction()`
    with it. Raises Refused where this device no longer speaks for its person.
    """
    until = min(replica.clock.now() + life, limits.FOREVER) if expires is None else expires
    return _sign_and_keep(
        replica,
        kind,
        slot,
        body.to_body(),
        audience,
        until,
        may_reduce_access=may_reduce_access,
        above=above,
    )


def write_again(replica: Replica, record: Record, *, above: int) -> Record:
    """Sign on this device what another device of mine has said in `record`, which the store holds no more.

    `above` as for `write`.
    """
    header = record.header
    return _sign_and_keep(
        replica,
        Kind(header.kind),
        header.slot,
        record.body or b"",
        Audience(header.audience),
        header.expires,
        may_reduce_access=True,
        above=above,
        latest_expiry=header.latest_expiry,
    )


def withdraw(replica: Replica, kind: Kind, slot: bytes) -> Record:
    """Withdraw an own register: an empty body under the same audience, kept as long as any version of it may live."""
    head = replica.store.records.head((replica.me, kind, slot))
    if head is None:
        raise Failed("there is nothing here to withdraw", hint="'meshnode mine' lists your posts")
    now = replica.clock.now()
    until = min(max(head.header.latest_expiry, now + 1), now + _LIVES[kind])
    return _sign_and_keep(replica, kind, slot, b"", Audience(head.header.audience), until, may_reduce_access=True)


def _sign_and_keep(  # noqa: PLR0913 - as for `write`
    replica: Replica,
    kind: Kind,
    slot: bytes,
    body: bytes,
    audience: Audience,
    until: int,
    *,
    may_reduce_access: bool,
    above: int = 0,
    latest_expiry: int = 0,
) -> Record:
    now = replica.clock.now()
    head = replica.store.records.head((replica.me, kind, slot))
    version = max(head.header.version if head else 0, above) + 1
    record = signed(
        kind=kind,
        author=replica.me,
        device=replica.device,
        slot=slot,
        version=version,
        audience=audience,
        policy_version=0 if kind == Kind.POLICY else own_policy_version(replica),
        created=now,
        expires=until,
        min_valid_version=version if may_reduce_access or head is None else head.header.min_valid_version,
        latest_expiry=max(until, latest_expiry, head.header.latest_expiry if head else 0),
        body=body,
        sign=replica.keys.sign,
    )
    outcome = replica.ingest.receive([record])
    if outcome.faults:
        raise Failed(_why(outcome.faults[0][1]))
    if record.id not in outcome.kept:
        if replica.trust_state.revoked(replica.me, replica.device):
            raise Refused("this device was revoked and can no longer act for you", "add it again in a new home")
        raise Refused(
            "the certificate of this device has expired", "connect it with the device that has your identity key"
        )
    return record


def own_policy_version(replica: Replica) -> int:
    """The version of the policy register that this device writes, 0 before the first."""
    head = replica.store.records.head((replica.me, Kind.POLICY, device_slot(replica.device)))
    return head.header.version if head else 0


def _why(code: Code) -> str:
    reasons = {
        Code.OVERSIZED: "That is too large for one record; shorten it.",
        Code.EXPIRED: "That would live longer than its kind may.",
        Code.FORGED: "This device does not speak for you; restore its key or add the device again.",
    }
    return reasons.get(code, "The record was refused by this node's own checks.")
