"""Makes records that no honest node would sign, with any header, body and signature."""

from __future__ import annotations

from hashlib import sha512
from typing import Any

from nacl import bindings

from protocol import Kind, Record, Value, encode, signature_key, signature_message
from protocol.records.record import body_hash
from tests.support.people import Person


def rewritten(person: Person, record: Record, *, body: bytes | None = None, **header: Any) -> Record:
    """Return `record` with another body and header fields, signed again by `person` as if it were sound."""
    whole = record.body if body is None else body
    assert whole is not None
    changed = record.header._replace(body_hash=body_hash(whole))._replace(**header)
    unsigned = Record(changed, encode(changed), bytes(64), whole)
    sign = person.identity.sign if changed.kind == 1 else person.keys.sign
    return Record(changed, unsigned.header_bytes, sign(signature_message(unsigned)), whole)


def with_further_fields(person: Person, record: Record, *further: Value) -> Record:
    """Return `record` with more fields at the end of its header, as a newer version might write it, signed by `person`."""
    unsigned = Record.parse(encode((encode((*record.header, *further)), bytes(64), record.body)))
    sign = person.identity.sign if record.header.kind == Kind.DEVICE else person.keys.sign
    return with_signature(unsigned, sign(signature_message(unsigned)))


def with_signature(record: Record, signature: bytes) -> Record:
    """Return `record` under another signature."""
    return Record(record.header, record.header_bytes, signature, record.body)


def another_signature(record: Record, seed: bytes, chance: bytes) -> Record:
    """Return `record` under a second signature that is just as valid: Ed25519 does not say which nonce is used.

    `seed` is the private key, `chance` 64 bytes.
    """
    digest = bytearray(sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    secret = bindings.crypto_core_ed25519_scalar_reduce(bytes(digest) + bytes(32))
    nonce = bindings.crypto_core_ed25519_scalar_reduce(chance)
    point = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = sha512(point + signature_key(record) + signature_message(record)).digest()
    product = bindings.crypto_core_ed25519_scalar_mul(bindings.crypto_core_ed25519_scalar_reduce(challenge), secret)
    return with_signature(record, point + bindings.crypto_core_ed25519_scalar_add(nonce, product))
