"""Pre-shared keys and their hints: which secrets give the same, what a listener can link, which hints are remembered."""

from __future__ import annotations

import pytest

from protocol.errors import LocalError, RemoteError
from protocol.keys import public_key
from protocol.limits import SEEN_EPHEMERALS_MAX, SEEN_EPHEMERALS_PER_PSK_MAX
from protocol.wire.channel import LENGTH_BYTES
from protocol.wire.psk import HINT_BYTES, Psk, SeenEphemerals, card_psk, contact_psk, presence_psk
from tests.protocol.wire.test_noise import LOW_ORDER
from tests.support.channels import ALICE, BOB, PRESENCE, dial
from tests.support.vectors_noise import labeled


def test_the_same_secret_gives_different_psks_for_different_uses() -> None:
    secret = labeled("one secret")
    assert presence_psk(secret) != card_psk(secret)
    assert len({presence_psk(secret).key, presence_psk(secret).hint_key, card_psk(secret).key}) == 3


def test_a_contact_psk_is_the_same_from_both_sides_and_from_no_third() -> None:
    ours = contact_psk(ALICE, public_key(BOB))
    assert ours == contact_psk(BOB, public_key(ALICE))
    assert ours != contact_psk(labeled("Mallory"), public_key(BOB))


def test_a_psk_needs_a_whole_secret() -> None:
    for secret in (b"", bytes(31), bytes(33)):
        with pytest.raises(LocalError):
            presence_psk(secret)


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_fault_8_a_contact_with_a_low_order_key_is_refused(point: bytes) -> None:
    with pytest.raises(RemoteError):
        contact_psk(ALICE, point)


def test_two_first_flights_with_one_psk_have_nothing_in_common() -> None:
    flights = [dial(ephemeral=f"dial {index}").data_to_send() for index in range(2)]
    lengths = slice(HINT_BYTES, HINT_BYTES + LENGTH_BYTES)
    assert flights[0][lengths] == flights[1][lengths]
    assert flights[0][:HINT_BYTES] != flights[1][:HINT_BYTES]
    assert flights[0][lengths.stop :] != flights[1][lengths.stop :]


def test_secrets_do_not_show_in_a_repr() -> None:
    assert PRESENCE.key.hex() not in repr(PRESENCE)
    assert repr(PRESENCE) == "Psk()"


def test_a_psks_first_messages_are_forgotten_with_the_psk() -> None:
    seen = SeenEphemerals()
    assert seen.first_time(PRESENCE, b"hint")
    assert not seen.first_time(PRESENCE, b"hint")
    seen.forget(PRESENCE)
    assert len(seen) == 0
    assert seen.first_time(PRESENCE, b"hint")


def test_one_psks_flood_pushes_out_only_its_own_first_messages() -> None:
    seen = SeenEphemerals()
    quiet = card_psk(labeled("quiet"))
    seen.first_time(quiet, b"mine")
    for number in range(SEEN_EPHEMERALS_PER_PSK_MAX + 5):
        seen.first_time(PRESENCE, number.to_bytes(16, "big"))
    assert len(seen) == SEEN_EPHEMERALS_PER_PSK_MAX + 1
    assert not seen.first_time(quiet, b"mine")
    assert not seen.first_time(PRESENCE, (5).to_bytes(16, "big"))
    assert seen.first_time(PRESENCE, (0).to_bytes(16, "big"))


def test_memory_is_bounded_over_all_psks_and_the_largest_share_gives_way() -> None:
    seen = SeenEphemerals()
    quiet = card_psk(labeled("quiet"))
    seen.first_time(quiet, b"mine")
    loud = [Psk(bytes(32), labeled(f"loud {index}")) for index in range(12)]
    for number in range(SEEN_EPHEMERALS_MAX // len(loud) + 100):
        for psk in loud:
            seen.first_time(psk, number.to_bytes(16, "big"))
    assert len(seen) == SEEN_EPHEMERALS_MAX
    assert not seen.first_time(quiet, b"mine")
