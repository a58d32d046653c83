"""The meshnode protocol: the messages between nodes and the rules by which nodes decide, as pure functions.

Nothing in this package reads a clock, draws a random number, opens a file or a socket: time and random bytes are passed
in. This facade has what every part needs: keys, text, places, errors and records, and the caps as `limits`. Each other
subject has a facade of its own: `protocol.trust`, `wire`, `session`, `letters` and `tokens`.
"""

from __future__ import annotations

from protocol import limits
from protocol.codec import Value, decode, encode
from protocol.errors import Code, InvalidField, LocalError, RemoteError
from protocol.keys import (
    DeviceId,
    DeviceKeys,
    IdentityKeys,
    PersonId,
    begins_person,
    device_slot,
    device_text,
    fingerprint_words,
    group_text,
    is_fingerprint,
    parse_person,
    people_written,
    person_id,
    person_text,
    short_id,
    verify,
)
from protocol.place import (
    Precision,
    across_km,
    center,
    coarse,
    coarser,
    distance_km,
    distance_words,
    is_cell,
    precision_of,
)
from protocol.quantity import Quantity, check_quantity, from_thousandths, simplest, to_thousandths
from protocol.rate import RateLimit
from protocol.records.bodies import Body, body_of, parse_body
from protocol.records.device import Device
from protocol.records.join import Group, GroupKind, Invitation, Join, Step
from protocol.records.letter import Letter
from protocol.records.listing import CATEGORIES, LISTING_TYPES, URGENCIES, Listing, ListingFields, left_of
from protocol.records.policy import UNSET_PREFERENCE, Block, Policy, PolicyFull, Preference, Vouch
from protocol.records.profile import Profile
from protocol.records.record import (
    NO_POLICY,
    PROFILE_SLOT,
    REVOCATION_VERSION,
    Audience,
    Header,
    Kind,
    Record,
    RecordId,
    Register,
    body_hash,
    check_header,
    is_revocation,
    longest_life,
    signature_key,
    signature_message,
    signed,
    verify_signature,
)
from protocol.text import check_text, normalize, normalize_line, text_fault, without_joiners

__all__ = [
    "CATEGORIES",
    "LISTING_TYPES",
    "NO_POLICY",
    "PROFILE_SLOT",
    "REVOCATION_VERSION",
    "UNSET_PREFERENCE",
    "URGENCIES",
    "Audience",
    "Block",
    "Body",
    "Code",
    "Device",
    "DeviceId",
    "DeviceKeys",
    "Group",
    "GroupKind",
    "Header",
    "IdentityKeys",
    "InvalidField",
    "Invitation",
    "Join",
    "Kind",
    "Letter",
    "Listing",
    "ListingFields",
    "LocalError",
    "PersonId",
    "Policy",
    "PolicyFull",
    "Precision",
    "Preference",
    "Profile",
    "Quantity",
    "RateLimit",
    "Record",
    "RecordId",
    "Register",
    "RemoteError",
    "Step",
    "Value",
    "Vouch",
    "across_km",
    "begins_person",
    "body_hash",
    "body_of",
    "center",
    "check_header",
    "check_quantity",
    "check_text",
    "coarse",
    "coarser",
    "decode",
    "device_slot",
    "device_text",
    "distance_km",
    "distance_words",
    "encode",
    "fingerprint_words",
    "from_thousandths",
    "group_text",
    "is_cell",
    "is_fingerprint",
    "is_revocation",
    "left_of",
    "limits",
    "longest_life",
    "normalize",
    "normalize_line",
    "parse_body",
    "parse_person",
    "people_written",
    "person_id",
    "person_text",
    "precision_of",
    "short_id",
    "signature_key",
    "signature_message",
    "signed",
    "simplest",
    "text_fault",
    "to_thousandths",
    "verify",
    "verify_signature",
    "without_joiners",
]
