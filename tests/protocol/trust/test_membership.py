"""Membership is a chain of signed statements from the founder to the member, and nothing else makes a member."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import (
    Code,
    Group,
    GroupKind,
    InvalidField,
    Invitation,
    Join,
    Kind,
    LocalError,
    Record,
    RemoteError,
    Step,
    body_of,
    group_text,
    parse_body,
    verify_signature,
)
from protocol.limits import DEVICE_LIFE, GROUP_LINKS_MAX, INVITATIONS_MAX, NAME_MAX, RECORD_MAX_BYTES
from protocol.trust import check_membership, invitation, invitation_tag, is_void, open_invitation
from tests.support.chains import begun, chain, follows, invites, join_record
from tests.support.golden import golden
from tests.support.people import NOW, Person, grown
from tests.support.vectors_groups import ALICE, BOB, CAROL, MALLORY, broken, holding, revoking


@pytest.mark.parametrize("case", holding())
def test_an_unbroken_chain_makes_a_member(case: str) -> None:
    author, join = holding()[case]
    check_membership(author.id, join)


@pytest.mark.parametrize("case", broken())
def test_fault_24_a_claim_without_a_chain_is_forged(case: str) -> None:
    author, join = broken()[case]
    with pytest.raises(RemoteError) as caught:
        check_membership(author.id, join)
    assert caught.value.code is Code.FORGED


def test_we_decide_as_the_vectors_say() -> None:
    vectors = golden("groups.json")
    for told in vectors["hold"]:
        check_membership(bytes.fromhex(told["author"]), Join.parse(bytes.fromhex(told["body"])))
    for told in vectors["refused"]:
        with pytest.raises(RemoteError) as caught:
            check_membership(bytes.fromhex(told["author"]), Join.parse(bytes.fromhex(told["body"])))
        assert caught.value.code.name == told["code"]
    record = Record.parse(bytes.fromhex(vectors["record"]))
    assert verify_signature(record)
    assert body_of(record) == chain(ALICE, BOB)


@given(st.integers(0, 2**32), st.data())
def test_no_change_of_a_byte_leaves_a_chain_that_somebody_else_could_use(place: int, data: st.DataObject) -> None:
    """A body with a changed byte has the same group and the same chain, or no valid chain."""
    join = chain(ALICE, BOB, CAROL)
    body = bytearray(join.to_body())
    body[place % len(body)] ^= data.draw(st.integers(1, 255))
    try:
        changed = Join.parse(bytes(body))
        check_membership(CAROL.id, changed)
    except RemoteError:
        return
    assert changed.group == join.group


def test_statements_do_not_end_with_the_certificates_of_those_who_made_them() -> None:
    """The founder's certificate has expired long ago, but there is no clock in the check."""
    long_ago = NOW - 10 * DEVICE_LIFE
    join = begun(ALICE)
    old = replace(join, steps=(Step(ALICE.certificate(long_ago).wire, join.steps[0].signature),))
    check_membership(ALICE.id, old)
    check_membership(BOB.id, follows(old, ALICE, BOB))


def test_sixteen_invitations_are_a_chain_and_seventeen_are_none() -> None:
    people = [Person(f"P{number}") for number in range(GROUP_LINKS_MAX + 2)]
    longest = chain(*people[:-1])
    check_membership(people[-2].id, longest)
    tag = invitation_tag(longest.group_id, people[-1].id)
    with pytest.raises(LocalError):
        invitation(longest, people[-2].id, tag, NOW, people[-2].keys.sign)
    with pytest.raises(InvalidField, match="16 invitations"):
        replace(longest, steps=(*longest.steps, longest.steps[-1]))


def test_the_longest_join_fits_a_record() -> None:
    people = [Person(f"P{number}") for number in range(GROUP_LINKS_MAX + 1)]
    longest = chain(*people, name="\U0001f331" * NAME_MAX)
    full = tuple(Invitation(grown(n, size=16), 2**52, bytes(64)) for n in range(INVITATIONS_MAX))
    record = join_record(people[-1], replace(longest, invitations=full))
    assert len(record.wire) < RECORD_MAX_BYTES / 2
    assert body_of(Record.parse(record.wire)) == replace(longest, invitations=full)


def test_an_invitation_is_found_by_the_invited_alone() -> None:
    join = invites(begun(ALICE), ALICE, BOB)
    found = open_invitation(join, ALICE.id, [ALICE.device], BOB.id)
    assert found is not None
    assert open_invitation(join, ALICE.id, [ALICE.device], CAROL.id) is None
    assert BOB.id not in join.to_body()


def test_an_invitation_holds_if_a_device_that_acts_for_the_inviter_has_signed_it() -> None:
    phone = ALICE.on("phone")
    join = invites(begun(ALICE), MALLORY, BOB)
    assert open_invitation(join, ALICE.id, [ALICE.device, phone.device], BOB.id) is None
    other = invites(begun(ALICE), phone, BOB)
    assert open_invitation(other, ALICE.id, [ALICE.device], BOB.id) is None
    found = open_invitation(other, ALICE.id, [ALICE.device, phone.device], BOB.id)
    assert found is not None
    assert found[1] == phone.device


@pytest.mark.parametrize("case", revoking())
def test_a_revocation_voids_what_the_device_has_signed_but_for_the_invitations_that_it_keeps(case: str) -> None:
    author, join, revoked, void = revoking()[case]
    check_membership(author.id, join)
    assert is_void(author.id, join, {(person, device): kept for person, device, kept in revoked}) is void


def test_two_groups_of_one_name_are_two() -> None:
    first, second = begun(ALICE), begun(BOB)
    assert first.group_id != second.group_id != begun(ALICE, kind=GroupKind.COMMUNITY).group_id
    assert group_text(first.group_id).startswith("mg1")


# --- the body --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("join", [join for _, join in holding().values()], ids=list(holding()))
def test_a_join_comes_back_as_it_was_written(join: Join) -> None:
    assert parse_body(Kind.JOIN, join.to_body()) == join


def test_a_join_belongs_into_the_slot_of_its_group() -> None:
    join = begun(ALICE)
    record = ALICE.record(Kind.JOIN, bytes(16), join, life=60)
    with pytest.raises(RemoteError, match="slot"):
        body_of(record)
    assert body_of(join_record(ALICE, join)) == join


def test_invitations_have_one_order() -> None:
    join = invites(begun(ALICE), ALICE, BOB, CAROL, MALLORY)
    tags = [found.tag for found in join.invitations]
    assert tags == sorted(tags)
    body = join.to_body()
    for first, second in pairwise(tags):
        swapped = body.replace(first, b"x" * 16).replace(second, first).replace(b"x" * 16, second)
        with pytest.raises(RemoteError):
            Join.parse(swapped)


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": bytes(15)},
        {"steps": ()},
        {"steps": (Step(b"", bytes(63)),)},
        {"steps": (Step(None, bytes(64)),)},  # type: ignore[arg-type]
        {"invitations": (Invitation(bytes(15), 0, bytes(64)),)},
        {"invitations": (Invitation(bytes(16), -1, bytes(64)),)},
        {"invitations": (Invitation(bytes(16), 0, bytes(64)),) * 2},
        {"invitations": tuple(Invitation(grown(n, size=16), 0, bytes(64)) for n in range(INVITATIONS_MAX + 1))},
        *(
            {"group": Group(*fields)}
            for fields in [
                (0, "Elm", bytes(16), ALICE.id),
                (3, "Elm", bytes(16), ALICE.id),
                (True, "Elm", bytes(16), ALICE.id),
                (1, "", bytes(16), ALICE.id),
                (1, "x" * 65, bytes(16), ALICE.id),
                (1, "a\nb", bytes(16), ALICE.id),
                (1, "\u202eb", bytes(16), ALICE.id),
                (1, "Elm", bytes(15), ALICE.id),
                (1, "Elm", bytes(16), ALICE.id[1:]),
            ]
        ),
    ],
)  # fmt: skip
def test_a_field_out_of_range_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidField):
        replace(begun(ALICE), **changes)
