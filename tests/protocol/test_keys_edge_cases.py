"""Signatures on which verifiers disagree: each gets one fixed verdict, and has the oddity that its vector names."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import protocol
from protocol import verify
from tests.support.edwards25519 import BASE, L, Point, add, decode, encode, hashed, is_zero, multiply, negate, order
from tests.support.golden import golden

Vector = dict[str, Any]


def vectors() -> list[Vector]:
    loaded: list[Vector] = golden("ed25519_edge_cases.json")["vectors"]
    return loaded


def parts(vector: Vector) -> tuple[bytes, bytes, bytes]:
    """Return key, message and signature, in the order of the arguments of `verify`."""
    key, message, signature = (bytes.fromhex(vector[name]) for name in ("public_key", "message", "signature"))
    return key, message, signature


def conditions(vector: Vector) -> dict[str, Any]:
    """Return the oddities of a signature, computed with plain integers.

    `holds` names the equations that hold: "cofactorless" S B = R + h A, "cofactored" 8 S B = 8 R + 8 h A; with h over
    A and R as they were sent, and over what they are if decoded and encoded again.
    """
    key, message, signature = parts(vector)
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    a_point, r_point = decode(key), decode(r)
    canonical_a, canonical_r = encode(a_point), encode(r_point)
    return {
        "order_of_a": order(a_point),
        "order_of_r": order(r_point),
        "a_is_canonical": canonical_a == key,
        "r_is_canonical": canonical_r == r,
        "times_l_in_s": s // L,
        "holds": {
            "as_sent": equations(a_point, r_point, s, hashed(r, key, message)),
            "encoded_again": equations(a_point, r_point, s, hashed(canonical_r, canonical_a, message)),
        },
    }


def equations(a: Point, r: Point, s: int, h: int) -> list[str]:
    difference = add(multiply(s, BASE), negate(add(r, multiply(h % L, a))))
    found = {"cofactorless": is_zero(difference), "cofactored": is_zero(multiply(8, difference))}
    return [name for name, holds in found.items() if holds]


def other_library_accepts(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


each_vector = pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector['number']}: {vector['case']}")


def test_all_twelve_odd_signatures_are_there() -> None:
    assert [vector["number"] for vector in vectors()] == list(range(12))


@each_vector
def test_an_odd_signature_gets_its_one_pinned_verdict(vector: Vector) -> None:
    assert verify(*parts(vector)) is vector["valid"]


@each_vector
def test_an_odd_signature_is_odd_in_the_way_that_it_is_said_to_be(vector: Vector) -> None:
    assert conditions(vector) == vector["conditions"]


@each_vector
def test_what_we_accept_has_none_of_the_oddities_that_the_spec_excludes(vector: Vector) -> None:
    odd = conditions(vector)
    low = {"1", "2", "4", "8"}
    passes = (
        odd["order_of_a"] not in low
        and odd["order_of_r"] not in low
        and odd["a_is_canonical"]
        and odd["r_is_canonical"]
        and odd["times_l_in_s"] == 0
        and "cofactorless" in odd["holds"]["as_sent"]
    )
    assert vector["valid"] is passes


def test_two_good_libraries_disagree_so_only_one_of_them_may_judge() -> None:
    assert any(other_library_accepts(*parts(vector)) is not verify(*parts(vector)) for vector in vectors())


def test_the_plain_integers_agree_with_the_library_on_an_ordinary_signature() -> None:
    keys = protocol.IdentityKeys(bytes(range(32)))
    ordinary = {"public_key": keys.person_id.hex(), "message": b"hello".hex(), "signature": keys.sign(b"hello").hex()}
    both = ["cofactorless", "cofactored"]
    assert conditions(ordinary) == {
        "order_of_a": "L",
        "order_of_r": "L",
        "a_is_canonical": True,
        "r_is_canonical": True,
        "times_l_in_s": 0,
        "holds": {"as_sent": both, "encoded_again": both},
    }
