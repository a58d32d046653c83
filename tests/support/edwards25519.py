"""The group of Ed25519 in plain integers (RFC 8032, section 5.1): slow, and independent of the library that it checks.

Decoding accepts as much as possible, because the tests ask what odd encodings mean to code that accepts them.
"""

from __future__ import annotations

from hashlib import sha512
from typing import TypeAlias

P = 2**255 - 19
"""The field's prime."""
L = 2**252 + 27742317777372353535851937790883648493
"""The order of the base point; the whole group has 8 L elements."""
D = -121665 * pow(121666, -1, P) % P

Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z."""

ZERO: Point = (0, 1, 1, 0)


def add(left: Point, right: Point) -> Point:
    """Return the sum of two points by the complete addition law, which doubles as well."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % P
    b = (left[1] + left[0]) * (right[1] + right[0]) % P
    c = 2 * left[3] * right[3] * D % P
    d = 2 * left[2] * right[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def multiply(scalar: int, point: Point) -> Point:
    """Return the product of a point and `scalar`, which is not reduced: points of mixed order tell the difference."""
    result = ZERO
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def is_zero(point: Point) -> bool:
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0


def decode(encoding: bytes) -> Point:
    """Return the point that 32 bytes encode: y is reduced, and a sign on x = 0 is passed over. ValueError for no point."""
    number = int.from_bytes(encoding, "little")
    y, sign = number % 2**255 % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        raise ValueError("no point of the curve has this y")
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encode(point: Point) -> bytes:
    """Return the one canonical encoding of a point."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def order(point: Point) -> str:
    """Return the order of a point: "1", "2", "4" or "8" if low, "L" if signing makes it, else "2L", "4L" or "8L"."""
    prime_part = "" if is_zero(multiply(8, point)) else "L"
    low = point if not prime_part else multiply(L, point)
    size = next(size for size in (1, 2, 4, 8) if is_zero(multiply(size, low)))
    return prime_part if prime_part and size == 1 else f"{size}{prime_part}"


def hashed(r: bytes, a: bytes, message: bytes) -> int:
    """Return the h of a signature, before anything is reduced."""
    return int.from_bytes(sha512(r + a + message).digest(), "little")


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
