"""The Noise engine against golden bytes and against an implementation that shares no line with it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise.connection import Keypair, NoiseConnection

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import public_key
from protocol.limits import NOISE_NONCE_LIMIT
from protocol.wire.noise import CipherState, Handshake, diffie_hellman
from tests.support.golden import golden
from tests.support.noise_runner import Vector, play, side
from tests.support.vectors_noise import PROTOCOLS, inputs, labeled

XKPSK0 = PROTOCOLS[0]

P = 2**255 - 19
# Every encoding of a point of low order (https://cr.yp.to/ecdh.html), with and without the bit that X25519 masks.
LOW_ORDER_POINTS = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    P - 1,
    P,
    P + 1,
]
LOW_ORDER = [(point | top).to_bytes(32, "little") for point in LOW_ORDER_POINTS for top in (0, 1 << 255)]


def committed() -> list[Any]:
    """Return our own vectors and the published ones."""
    return [
        pytest.param(vector, id=f"{name}:{vector['protocol_name']}")
        for name in ("noise", "noise_published")
        for vector in golden(f"{name}.json")["vectors"]
    ]


def oracle(vector: Vector, who: str) -> NoiseConnection:
    """Return the same end as `side` builds, in the other implementation."""
    connection = NoiseConnection.from_name(vector["protocol_name"].encode())
    (connection.set_as_initiator if who == "init" else connection.set_as_responder)()
    connection.set_psks(psks=[bytes.fromhex(psk) for psk in vector[f"{who}_psks"]])
    connection.set_prologue(bytes.fromhex(vector[f"{who}_prologue"]))
    connection.set_keypair_from_private_bytes(Keypair.EPHEMERAL, bytes.fromhex(vector[f"{who}_ephemeral"]))
    if static := vector.get(f"{who}_static"):
        connection.set_keypair_from_private_bytes(Keypair.STATIC, bytes.fromhex(static))
    if remote := vector.get(f"{who}_remote_static"):
        connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, bytes.fromhex(remote))
    connection.start_handshake()
    return connection


def pair(**changes: str) -> tuple[Handshake, Handshake]:
    vector = inputs(XKPSK0) | changes
    return side(vector, "init"), side(vector, "resp")


@pytest.mark.parametrize("vector", committed())
def test_every_vector_plays_to_the_same_bytes(vector: Vector) -> None:
    ciphertexts, handshake_hash = play(vector)
    assert ciphertexts == [message["ciphertext"] for message in vector["messages"]]
    assert handshake_hash == vector.get("handshake_hash", handshake_hash)


def test_four_published_vectors_of_each_protocol_are_there() -> None:
    published = golden("noise_published.json")["vectors"]
    assert Counter(vector["protocol_name"] for vector in published) == dict.fromkeys(PROTOCOLS[:3], 4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:One of ephemeral keypairs is already set:UserWarning")
@pytest.mark.parametrize("ours", ["init", "resp"])
@pytest.mark.parametrize("protocol_name", PROTOCOLS)
@given(payloads=st.lists(st.binary(max_size=300), min_size=8, max_size=8))
def test_another_implementation_understands_us_in_both_roles(
    protocol_name: str, ours: str, payloads: list[bytes]
) -> None:
    vector = inputs(protocol_name)
    engine, other = side(vector, ours), oracle(vector, "resp" if ours == "init" else "init")
    we_speak = ours == "init"
    while not engine.complete:
        payload = payloads.pop()
        if we_speak:
            assert other.read_message(engine.write_message(payload)) == payload
        else:
            assert engine.read_message(bytes(other.write_message(payload))) == payload
        we_speak = not we_speak
    assert engine.handshake_hash == other.get_handshake_hash()
    send, receive = engine.split()
    for payload in payloads:
        assert other.decrypt(send.encrypt(b"", payload)) == payload
        assert receive.decrypt(b"", bytes(other.encrypt(payload))) == payload
    send.rekey()
    other.rekey_inbound_cipher()
    assert other.decrypt(send.encrypt(b"", b"after the rekey")) == b"after the rekey"


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_a_low_order_key_is_its_senders_fault(point: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        diffie_hellman(labeled("any"), point)
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_a_handshake_with_a_low_order_ephemeral_key_ends(point: bytes) -> None:
    initiator, responder = pair()
    first = initiator.write_message()
    with pytest.raises(RemoteError):
        responder.read_message(point + first[32:])
    with pytest.raises(LocalError):
        responder.read_message(first)


@given(bit=st.integers(0, 2**16), turn=st.integers(0, 2))
def test_no_bit_of_a_handshake_can_be_changed(bit: int, turn: int) -> None:
    writer, reader = pair()
    for _ in range(turn):
        reader.read_message(writer.write_message(b"payload"))
        writer, reader = reader, writer
    message = bytearray(writer.write_message(b"payload"))
    message[bit // 8 % len(message)] ^= 1 << bit % 8
    with pytest.raises(RemoteError):
        reader.read_message(bytes(message))


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_handshake_message_cut_anywhere_is_refused(turn: int) -> None:
    writer, reader = pair()
    for _ in range(turn):
        reader.read_message(writer.write_message())
        writer, reader = reader, writer
    whole = writer.write_message()
    for size in range(len(whole)):
        again, victim = pair()
        for _ in range(turn):
            victim.read_message(again.write_message())
            again, victim = victim, again
        with pytest.raises(RemoteError) as caught:
            victim.read_message(whole[:size])
        assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("changed", ["resp_psks", "resp_prologue"])
def test_both_ends_need_the_same_psk_and_prologue(changed: str) -> None:
    other: Any = {"resp_psks": [bytes(32).hex()], "resp_prologue": "00"}
    initiator, responder = pair(**{changed: other[changed]})
    with pytest.raises(RemoteError) as caught:
        responder.read_message(initiator.write_message())
    assert caught.value.code is Code.FORGED


def test_turns_are_kept() -> None:
    initiator, responder = pair()
    with pytest.raises(LocalError):
        responder.write_message()
    with pytest.raises(LocalError):
        initiator.split()
    with pytest.raises(LocalError):
        responder.remote_static  # noqa: B018 - asking is what is refused
    responder.read_message(initiator.write_message())
    with pytest.raises(LocalError):
        initiator.write_message()


def test_messages_beyond_the_noise_limit_are_refused_on_both_sides() -> None:
    initiator, responder = pair()
    with pytest.raises(LocalError):
        initiator.write_message(bytes(65_535))
    with pytest.raises(RemoteError) as caught:
        responder.read_message(bytes(65_536))
    assert caught.value.code is Code.OVERSIZED


@pytest.mark.parametrize(
    "name",
    [
        "Noise_XX_25519_ChaChaPoly_BLAKE2b",
        "Noise_XK_448_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk4_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKfallback_25519_ChaChaPoly_BLAKE2b",
        "",
    ],
)
def test_a_protocol_that_we_do_not_speak_is_our_own_mistake(name: str) -> None:
    with pytest.raises(LocalError):
        Handshake(name, initiator=True, ephemeral=bytes(32))


@pytest.mark.parametrize("psks", [(), (bytes(31),), (bytes(32), bytes(32))])
def test_a_psk_of_the_wrong_size_or_number_is_our_own_mistake(psks: tuple[bytes, ...]) -> None:
    with pytest.raises(LocalError):
        Handshake(XKPSK0, initiator=True, ephemeral=bytes(32), psks=psks, remote_static=public_key(bytes(32)))


def test_a_forged_message_leaves_the_nonce_in_place() -> None:
    sender, receiver = CipherState(bytes(32)), CipherState(bytes(32))
    ciphertext = sender.encrypt(b"", b"good")
    with pytest.raises(RemoteError):
        receiver.decrypt(b"", bytes(len(ciphertext)))
    assert receiver.decrypt(b"", ciphertext) == b"good"


def test_a_cipher_stops_long_before_a_nonce_comes_again() -> None:
    last = NOISE_NONCE_LIMIT - 1
    sender, receiver = CipherState(bytes(32), last), CipherState(bytes(32), last)
    assert receiver.decrypt(b"", sender.encrypt(b"", b"the last")) == b"the last"
    with pytest.raises(LocalError):
        sender.encrypt(b"", b"one more")
    with pytest.raises(RemoteError):
        receiver.decrypt(b"", bytes(17))
