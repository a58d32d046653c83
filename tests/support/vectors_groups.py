"""Makes the vectors of groups: statements, tags, joins that make a member, and joins that do not."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from protocol import DeviceId, Group, GroupKind, Join, PersonId, Record, Step, group_text
from protocol.trust import founded, invitation_tag
from tests.support.chains import begun, chain, follows, invites, join_record
from tests.support.people import NOW, Person
from tests.support.vectors_refused_letters import refused_certificates

Revoked = tuple[PersonId, DeviceId, tuple[bytes, ...]]
"""A revoked device, and the tags of the invitations that its revocation keeps."""

ALICE, BOB, CAROL, MALLORY = (Person(name) for name in ("Alice", "Bob", "Carol", "Mallory"))


def holding() -> dict[str, tuple[Person, Join]]:
    """Return joins whose chains hold, with their authors."""
    return {
        "the founder": (ALICE, begun(ALICE)),
        "the founder, who invites Bob and Carol": (ALICE, invites(begun(ALICE), ALICE, BOB, CAROL)),
        "a second member": (BOB, chain(ALICE, BOB)),
        "a third member": (CAROL, chain(ALICE, BOB, CAROL)),
        "a member whom the founder invited from another device": (BOB, follows(begun(ALICE), ALICE.on("phone"), BOB)),
        "the founder, who left and was invited again": (ALICE, chain(ALICE, BOB, ALICE)),
        "a community": (BOB, chain(ALICE, BOB, name="Downtown", kind=GroupKind.COMMUNITY)),
    }


def broken() -> dict[str, tuple[Person, Join]]:
    """Return joins whose chains do not hold, each with the person who publishes it."""
    bobs, carols = chain(ALICE, BOB), chain(ALICE, BOB, CAROL)
    founding, first, second = carols.steps
    revoked = Step(ALICE.revocation().wire, first.signature)
    return {
        "the founder's join, published by somebody else": (MALLORY, begun(ALICE)),
        "a member's join, published by somebody else": (MALLORY, bobs),
        "a founding that names somebody else as the founder": (MALLORY, _of(begun(MALLORY), founder=ALICE.id)),
        "a founding by somebody who is not the founder": (MALLORY, _founded_for(ALICE)),
        "a founding whose signature has a bit changed": (BOB, replace(bobs, steps=(_bent(founding), first))),
        "a chain without its middle": (CAROL, replace(carols, steps=(founding, second))),
        "a chain without its founding": (CAROL, replace(carols, steps=(first, second))),
        "a chain in another order": (CAROL, replace(carols, steps=(founding, second, first))),
        "an invitation to another group": (BOB, _of(bobs, name="Oak Street")),
        "a cell that claims to be a community": (BOB, _of(bobs, kind=GroupKind.COMMUNITY)),
        "an invitation that the claimant signed": (MALLORY, follows(begun(ALICE), MALLORY, MALLORY)),
        "an invitation whose signature has a bit changed": (BOB, replace(bobs, steps=(founding, _bent(first)))),
        "a certificate of another's device": (BOB, replace(bobs, steps=(founding, Step(CAROL.certificate().wire, first.signature)))),
        "a revocation for a certificate": (BOB, replace(bobs, steps=(founding, revoked))),
        "a certificate that the identity did not sign": (BOB, replace(bobs, steps=(founding, _unsigned(first)))),
    }  # fmt: skip


def revoking() -> dict[str, tuple[Person, Join, list[Revoked], bool]]:
    """Return joins whose chains hold, each with its author, with revoked devices, and whether it is void because of them."""
    bobs, carols, dans = chain(ALICE, BOB), chain(ALICE, BOB, CAROL), chain(ALICE, BOB, CAROL, MALLORY)
    phone, phones = ALICE.on("phone"), follows(begun(ALICE), ALICE.on("phone"), BOB)
    alice_bob, bob_carol, carol_dan = (tag_of(dans, who) for who in (BOB, CAROL, MALLORY))
    other = tag_of(chain(ALICE, BOB, name="Oak Street"), BOB)
    return {
        "no device of the chain is revoked": (BOB, bobs, [_revoked_device(CAROL, ())], False),
        "the device of the inviter is revoked": (BOB, bobs, [_revoked_device(ALICE, ())], True),
        "the device of the inviter is revoked, and the invitation kept": (
            BOB,
            bobs,
            [_revoked_device(ALICE, (alice_bob,))],
            False,
        ),
        "the same device, as another person's": (BOB, bobs, [(CAROL.id, ALICE.device, ())], False),
        "another device of the inviter is revoked": (BOB, bobs, [_revoked_device(phone, ())], False),
        "the other device that invited is revoked": (BOB, phones, [_revoked_device(phone, ())], True),
        "the device that only founded is revoked": (BOB, phones, [_revoked_device(ALICE, ())], False),
        "the founder's own device is revoked": (ALICE, begun(ALICE), [_revoked_device(ALICE, ())], False),
        "an invitation to another group is kept": (BOB, bobs, [_revoked_device(ALICE, (other,))], True),
        "an invitation of the same person further down is kept": (
            CAROL,
            carols,
            [_revoked_device(ALICE, (bob_carol,))],
            True,
        ),
        "the first of three inviters": (MALLORY, dans, [_revoked_device(ALICE, ())], True),
        "the middle one of three inviters": (MALLORY, dans, [_revoked_device(BOB, ())], True),
        "the last of three inviters": (MALLORY, dans, [_revoked_device(CAROL, (bob_carol,))], True),
        "the middle one, with the invitation kept among others": (
            MALLORY,
            dans,
            [_revoked_device(BOB, (other, bob_carol))],
            False,
        ),
        "all three, with all invitations kept": (
            MALLORY,
            dans,
            [
                _revoked_device(ALICE, (alice_bob,)),
                _revoked_device(BOB, (bob_carol,)),
                _revoked_device(CAROL, (carol_dan,)),
            ],
            False,
        ),
        "all three, with all invitations kept but one": (
            MALLORY,
            dans,
            [_revoked_device(ALICE, (alice_bob,)), _revoked_device(BOB, ()), _revoked_device(CAROL, (carol_dan,))],
            True,
        ),
        "the invited person's own device is revoked": (BOB, bobs, [_revoked_device(BOB, ())], False),
    }


def _revoked_device(owner: Person, kept: tuple[bytes, ...]) -> Revoked:
    return owner.id, owner.device, kept


def tag_of(join: Join, invited: Person) -> bytes:
    """Return the tag of the invitation of a person to the group of `join`."""
    return invitation_tag(join.group_id, invited.id)


def _of(join: Join, **changes: Any) -> Join:
    return replace(join, group=Group(**{**join.group._asdict(), **changes}))


def _founded_for(founder: Person) -> Join:
    """Return the join of a group that names `founder`, but that Mallory founded."""
    group = Group(**{**begun(MALLORY).group._asdict(), "founder": founder.id})
    return founded(bytes(16), group, MALLORY.certificate(), MALLORY.keys.sign)


def _bent(step: Step) -> Step:
    return Step(step.certificate, bytes([step.signature[0] ^ 1]) + step.signature[1:])


def _unsigned(step: Step) -> Step:
    record = Record.parse(step.certificate)
    return Step(Record(record.header, record.header_bytes, bytes(64), record.body).wire, step.signature)


def groups_vectors() -> dict[str, Any]:
    return {
        "groups": [_group(join.group) for join in (begun(ALICE), begun(ALICE, "Zoë's 🌱", GroupKind.COMMUNITY))],
        "tags": [
            {"group": begun(ALICE).group_id.hex(), "invited": who.id.hex(), "tag": invitation_tag(begun(ALICE).group_id, who.id).hex()}
            for who in (BOB, CAROL)
        ],
        "hold": [{"case": case, **_join(*claim)} for case, claim in holding().items()],
        "revoked": [_revoked(case, *claim) for case, claim in revoking().items()],
        "refused": [
            *({"case": case, "code": "FORGED", **_join(*claim)} for case, claim in broken().items()),
            *refused_certificates(),
        ],
        "record": join_record(BOB, chain(ALICE, BOB), now=NOW).wire.hex(),
    }  # fmt: skip


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": int(group.kind),
        "name": group.name,
        "nonce": group.nonce.hex(),
        "founder": group.founder.hex(),
        "id": group.id.hex(),
        "text": group_text(group.id),
    }


def _revoked(case: str, author: Person, join: Join, revoked: list[Revoked], void: bool) -> dict[str, Any]:
    devices = [
        {"person": person.hex(), "device": device.hex(), "kept": [tag.hex() for tag in kept]}
        for person, device, kept in revoked
    ]
    return {"case": case, **_join(author, join), "revoked": devices, "void": void}


def _join(author: Person, join: Join) -> dict[str, Any]:
    return {"author": author.id.hex(), "body": join.to_body().hex()}
