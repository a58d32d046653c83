"""Makes the vectors of policies: how those of several devices are merged, and which changes narrow a policy."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from protocol import UNSET_PREFERENCE, Audience, Block, Policy, Precision, Preference, Vouch
from protocol.numbers import Stamp
from protocol.trust import (
    EffectivePolicy,
    block_tag,
    covers,
    devices_that_count,
    may_reduce_access,
    merge,
    merge_entries,
    reconciled,
)
from tests.support.people import grown

A, B, C, D, E = PEOPLE = sorted(grown("vectors", name) for name in ("Alice", "Bob", "Carol", "Dave", "Erin"))

SALT = bytes(16)
CLOCK = 9
TAG, OTHER_TAG = block_tag(A, B), block_tag(A, C)


def _says(*vouches: Vouch, blocks: tuple[Block, ...] = (), preference: Preference = UNSET_PREFERENCE) -> Policy:
    return Policy(SALT, Stamp(CLOCK), vouches, blocks, preference)


MERGES: dict[str, list[Policy]] = {
    "no device": [],
    "one device": [_says(Vouch(B, 700, 1), Vouch(C, 0, 2), blocks=(Block(TAG, True, 3), Block(OTHER_TAG, False, 4)))],
    "the latest entry about each person": [
        _says(Vouch(B, 700, 1), Vouch(C, 300, 5)),
        _says(Vouch(B, 200, 4), Vouch(C, 900, 2), Vouch(D, 500, 3)),
    ],
    "a vouch taken back stays so": [_says(Vouch(B, 700, 1)), _says(Vouch(B, 0, 2))],
    "equal stamps: the lower weight": [_says(Vouch(B, 700, 2)), _says(Vouch(B, 300, 2))],
    "equal stamps: the block": [_says(blocks=(Block(TAG, False, 2),)), _says(blocks=(Block(TAG, True, 2),))],
    "equal stamps: the smaller audience": [
        _says(preference=Preference(Audience.ANYONE_LOCAL, Precision.REGION, 5, 2)),
        _says(preference=Preference(Audience.TRUSTED_NETWORK, Precision.EXACT, 50, 2)),
    ],
    "equal stamps and audience: the coarser precision": [
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 50, 2)),
        _says(preference=Preference(Audience.MY_CELL, Precision.EXACT, 5, 2)),
    ],
    "all equal: the smaller radius": [
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 50, 2)),
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 5, 2)),
    ],
    "equal stamps: the pause": [
        _says(preference=Preference(Audience.NETWORK_WIDE, Precision.CITY, 50, 2, paused=9)),
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 5, 2)),
    ],
    "equal stamps: the later pause": [
        _says(preference=Preference(Audience.NETWORK_WIDE, Precision.CITY, 50, 2, paused=9)),
        _says(preference=Preference(Audience.MY_CELL, Precision.CITY, 5, 2, paused=8)),
    ],
    "the end of a pause": [_says(preference=Preference(stamp=1, paused=9)), _says(preference=Preference(stamp=2))],
    "an unset preference": [_says(), _says(preference=Preference(Audience.NETWORK_WIDE, Precision.EXACT, 5, 1))],
}

CHANGES: dict[str, tuple[Policy, Policy, list[Policy]]] = {
    "nothing": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 700, 1)), []),
    "a vouch raised": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 701, 2)), []),
    "a vouch lowered": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 699, 2)), []),
    "a vouch taken back": (_says(Vouch(B, 700, 1)), _says(Vouch(B, 0, 2)), []),
    "a first vouch of 500": (_says(), _says(Vouch(B, 500, 1)), []),
    "a first vouch of 499": (_says(), _says(Vouch(B, 499, 1)), []),
    "a first vouch, lower than another device's": (_says(), _says(Vouch(B, 600, 2)), [_says(Vouch(B, 900, 1))]),
    "a block": (_says(), _says(blocks=(Block(TAG, True, 1),)), []),
    "the end of a block": (_says(blocks=(Block(TAG, True, 1),)), _says(blocks=(Block(TAG, False, 2),)), []),
    "a smaller radius": (_says(preference=Preference(radius_km=25)), _says(preference=Preference(radius_km=24)), []),
    "a coarser precision": (_says(), _says(preference=Preference(precision=Precision.REGION, stamp=1)), []),
    "a pause": (_says(), _says(preference=Preference(stamp=1, paused=9)), []),
    "a pause from another time on": (
        _says(preference=Preference(stamp=1, paused=9)),
        _says(preference=Preference(stamp=2, paused=10)),
        [],
    ),
    "the end of a pause": (_says(preference=Preference(stamp=1, paused=9)), _says(preference=Preference(stamp=2)), []),
    "a pause that another device has ended": (
        _says(),
        _says(preference=Preference(stamp=1, paused=9)),
        [_says(preference=Preference(stamp=2))],
    ),
} | {
    f"{old.word} to {new.word}": (_says(preference=Preference(old)), _says(preference=Preference(new)), [])
    for old in list(Audience)[1:]
    for new in list(Audience)[1:]
}


ORIGIN = _says(Vouch(B, 700, 1), Vouch(C, 0, 2), blocks=(Block(TAG, True, 3), Block(OTHER_TAG, False, 4)))


def _after(*vouches: Vouch, blocks: tuple[Block, ...] = (), without: tuple[bytes, ...] = (), **changes: Any) -> Policy:
    """Return a version after ORIGIN with these entries in place of its own, and `without` the entries about these."""
    said = {one[0] for one in (*vouches, *blocks)} | set(without)
    return replace(
        ORIGIN,
        clock=Stamp(CLOCK + 3),
        vouches=tuple(sorted((*(one for one in ORIGIN.vouches if one.subject not in said), *vouches))),
        blocks=tuple(sorted((*(one for one in ORIGIN.blocks if one.tag not in said), *blocks))),
        **changes,
    )


COVERS: dict[str, tuple[Policy, Policy]] = {
    "itself": (ORIGIN, ORIGIN),
    "a later entry about somebody": (_after(Vouch(B, 300, CLOCK + 1)), ORIGIN),
    "a first entry about somebody": (_after(Vouch(D, 300, CLOCK + 1)), ORIGIN),
    "a first entry with a stamp that was given out": (_after(Vouch(D, 300, CLOCK)), ORIGIN),
    "a changed entry with a stamp that was given out": (_after(Vouch(B, 300, CLOCK)), ORIGIN),
    "an entry with its stamp and another weight": (_after(Vouch(B, 300, 1)), ORIGIN),
    "an entry that takes back left out": (_after(without=(C,)), ORIGIN),
    "an entry that gives left out": (_after(without=(B,)), ORIGIN),
    "a block left out": (_after(without=(TAG,)), ORIGIN),
    "the end of a block left out": (_after(without=(OTHER_TAG,)), ORIGIN),
    "the end of a block": (_after(blocks=(Block(TAG, False, CLOCK + 2),)), ORIGIN),
    "the end of a block with a stamp that was given out": (_after(blocks=(Block(TAG, False, CLOCK),)), ORIGIN),
    "a later preference": (_after(preference=Preference(stamp=CLOCK + 3)), ORIGIN),
    "another preference with a stamp that was given out": (_after(preference=Preference(stamp=CLOCK)), ORIGIN),
}

# The branches of a register, and further ones that are below the minimum valid version of one of these.
BRANCHES: dict[str, tuple[list[Policy], list[Policy]]] = {
    "an outdated branch gives nothing": ([_after(without=(B,))], [_after(Vouch(D, 500, CLOCK + 1))]),
    "an outdated branch takes back": ([_after()], [_after(Vouch(B, 0, CLOCK + 1), Vouch(D, 0, CLOCK + 1))]),
    "an outdated branch lowers what another gives": ([_after()], [_after(Vouch(B, 300, CLOCK + 1))]),
    "an outdated branch blocks": ([_after(without=(TAG,))], [_after(blocks=(Block(bytes(16), True, CLOCK + 1),))]),
    "an outdated branch narrows the preference": (
        [_after(preference=Preference(Audience.NETWORK_WIDE, Precision.CITY, 5, CLOCK + 2))],
        [_after(preference=Preference(Audience.MY_CELL, Precision.EXACT, 50, CLOCK + 1))],
    ),
    "what two outdated branches give": (
        [_after(without=(B,))],
        [_after(Vouch(D, 500, CLOCK + 1)), _after(Vouch(D, 900, CLOCK + 1), Vouch(E, 900, CLOCK + 2))],
    ),
} | {
    case: (branches, [])
    for case, branches in {
        "one branch": [ORIGIN],
        "entries that one branch has": [
            _after(Vouch(D, 500, CLOCK + 1)),
            _after(blocks=(Block(bytes(16), True, CLOCK + 1),)),
        ],
        "the lower weight, whatever the stamps": [_after(Vouch(B, 900, CLOCK + 3)), _after(Vouch(B, 300, CLOCK + 1))],
        "a vouch taken back": [_after(Vouch(B, 0, CLOCK + 1)), _after(Vouch(B, 900, CLOCK + 2))],
        "the block, whatever the stamps": [
            _after(blocks=(Block(TAG, False, CLOCK + 3),)),
            _after(blocks=(Block(TAG, True, CLOCK + 1),)),
        ],
        "the pause of one branch": [
            _after(preference=Preference(stamp=CLOCK + 1, paused=9)),
            _after(preference=Preference(stamp=CLOCK + 2)),
        ],
        "the smaller of each part of the preference": [
            _after(preference=Preference(Audience.MY_CELL, Precision.EXACT, 50, CLOCK + 1)),
            _after(preference=Preference(Audience.NETWORK_WIDE, Precision.CITY, 5, CLOCK + 2)),
        ],
        "three branches": [
            _after(Vouch(B, weight, CLOCK + number)) for number, weight in ((1, 900), (2, 200), (3, 500))
        ],
    }.items()
}

# Of more certified devices than count those with the lowest keys do, and those with certificates that are past come last.
DEVICES = sorted(blake2b(b"vectors device %d" % number).digest()[:32] for number in range(20))
COUNTING: dict[str, tuple[list[bytes], list[bytes]]] = {
    "no device": ([], []),
    "as many as count": (DEVICES[:16], []),
    "one more": (DEVICES[:17], []),
    "the keys decide, in whatever order they come": (DEVICES[::-1], []),
    "past ones come last": (DEVICES[4:], DEVICES[:4]),
    "past ones fill the room that is left": (DEVICES[8:], DEVICES[:8]),
    "past ones alone": ([], DEVICES),
}

# Each entry is [number of the subject, weight, stamp]; the subject's key is the number plus one, in 32 bytes, big-endian.
MANY = [number.to_bytes(32, "big") for number in range(1, 1101)]
VOUCHES: dict[str, list[list[tuple[int, int, int]]]] = {
    "as many as count": [[(number, 500, 1) for number in range(1000)]],
    "the highest stamps": [
        [(number, 500, 1 + number % 5) for number in range(900)],
        [(number, 600, 9) for number in range(900, 1100)],
    ],
    "of equal stamps the lower keys": [
        [(number, 500, 2) for number in range(100, 1100)],
        [(number, 600, 2) for number in range(100)],
    ],
    "what was taken back takes no room": [
        [(number, 0 if number < 100 else 500, 9) for number in range(1000)],
        [(number, 600, 1) for number in range(1000, 1100)],
    ],
}


def policies_vectors() -> dict[str, Any]:
    merged = {case: merge(registers) for case, registers in MERGES.items()}
    return {
        "block_tags": [
            {"author": a.hex(), "subject": b.hex(), "tag": block_tag(a, b).hex()} for a, b in ((A, B), (B, A), (A, A))
        ],
        "merges": [
            {
                "case": case,
                "registers": [register.to_body().hex() for register in registers],
                **_told(merged[case]),
            }
            for case, registers in MERGES.items()
        ],
        "covers": [
            {
                "case": case,
                "newer": newer.to_body().hex(),
                "older": older.to_body().hex(),
                "covers": covers(newer, older),
            }
            for case, (newer, older) in COVERS.items()
        ],
        "branches": [
            {
                "case": case,
                "branches": [branch.to_body().hex() for branch in found],
                "outdated": [branch.to_body().hex() for branch in outdated],
                **_told(merge_entries([reconciled(found, outdated)])),
            }
            for case, (found, outdated) in BRANCHES.items()
        ],
        "devices": [
            {
                "case": case,
                "certified": [device.hex() for device in certified],
                "past": [device.hex() for device in past],
                "counting": sorted(device.hex() for device in devices_that_count(certified, past)),
            }
            for case, (certified, past) in COUNTING.items()
        ],
        "many_vouches": [
            {"case": case, "registers": said, "counting": _counting(said)} for case, said in VOUCHES.items()
        ],
        "narrows": [
            {
                "case": case,
                "old": old.to_body().hex(),
                "new": new.to_body().hex(),
                "others": [other.to_body().hex() for other in others],
                "narrows": may_reduce_access(old, new, others),
            }
            for case, (old, new, others) in CHANGES.items()
        ],
    }


def _counting(registers: list[list[tuple[int, int, int]]]) -> list[list[int]]:
    """Return the vouches that count of these registers, each as [number of the subject, weight]."""
    clock = Stamp(CLOCK)
    policies = [
        Policy(SALT, clock, tuple(Vouch(MANY[number], weight, stamp) for number, weight, stamp in said))
        for said in registers
    ]
    return [[int.from_bytes(who, "big") - 1, weight] for who, weight in sorted(merge(policies).vouches.items())]


def _told(policy: EffectivePolicy) -> dict[str, Any]:
    return {
        "vouches": [[subject.hex(), weight] for subject, weight in sorted(policy.vouches.items())],
        "block_tags": sorted(tag.hex() for tag in policy.block_tags),
        "preference": list(policy.preference.to_value()),
    }
