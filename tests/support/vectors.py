"""Makes all golden vectors of this project, from keys that never change, so that the bytes are the same every time.

`python -m tests.support.vectors` writes the files that have changed. Do that only when the wire is meant to change, or
when cases are added.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.conformance import conformance_vectors
from tests.support.golden import DIRECTORY, golden
from tests.support.vectors_channel import channel_vectors
from tests.support.vectors_devices import devices_vectors
from tests.support.vectors_exchanges import exchanges_vectors
from tests.support.vectors_groups import groups_vectors
from tests.support.vectors_letters import letters_vectors
from tests.support.vectors_noise import noise_vectors
from tests.support.vectors_parcels import parcels_vectors
from tests.support.vectors_policies import policies_vectors
from tests.support.vectors_presence import presence_vectors
from tests.support.vectors_records import bodies_vectors, card_vectors, codec_vectors, keys_vectors, record_vectors
from tests.support.vectors_session import frame_vectors, reconcile_vectors, session_vectors
from tests.support.vectors_text import text_vectors
from tests.support.vectors_trust import trust_vectors
from tests.support.vectors_visibility import visibility_vectors
from tests.support.vectors_words import words_vectors

MAKERS: dict[str, Callable[[], Any]] = {
    "codec.json": codec_vectors,
    "text.json": text_vectors,
    "keys.json": keys_vectors,
    "record.json": record_vectors,
    "bodies.json": bodies_vectors,
    "card.json": card_vectors,
    "devices.json": devices_vectors,
    "words.json": words_vectors,
    "groups.json": groups_vectors,
    "letters.json": letters_vectors,
    "exchanges.json": exchanges_vectors,
    "trust.json": trust_vectors,
    "policies.json": policies_vectors,
    "visibility.json": visibility_vectors,
    "visibility_conformance.json": conformance_vectors,
    "noise.json": noise_vectors,
    "channel.json": channel_vectors,
    "presence.json": presence_vectors,
    "frames.json": frame_vectors,
    "reconcile.json": reconcile_vectors,
    "session.json": session_vectors,
    "parcel.json": parcels_vectors,
}
FOREIGN = {"ed25519_edge_cases.json", "noise_published.json"}
"""Files of vectors that others have published; see protocol/vectors/README.md."""


def made(name: str) -> Any:
    """Return what the file `name` must hold, as it is read from JSON."""
    return json.loads(json.dumps(MAKERS[name]()))


def written(value: Any, indent: str = "") -> str:
    """Return `value` as JSON that people can read: whatever fits on one line is on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, list | dict) or len(indent) + len(flat) <= 140 or not value:
        return flat
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        rows = [value[at : at + 10] for at in range(0, len(value), 10)]
        return "[\n" + ",\n".join(indent + " " + json.dumps(row)[1:-1] for row in rows) + "\n" + indent + "]"
    inner = indent + " "
    if isinstance(value, list):
        items = [written(item, inner) for item in value]
    else:
        items = [f"{json.dumps(key, ensure_ascii=False)}: {written(item, inner)}" for key, item in value.items()]
    brackets = "[]" if isinstance(value, list) else "{}"
    return brackets[0] + "\n" + ",\n".join(inner + item for item in items) + "\n" + indent + brackets[1]


if __name__ == "__main__":
    for name in MAKERS:
        if not (DIRECTORY / name).exists() or made(name) != golden(name):
            (DIRECTORY / name).write_text(written(made(name)) + "\n", encoding="utf-8")
