"""Reads and writes the small corpora that are kept in the repository: a file for each harness, a line for each input.

A line is the input in hexadecimal. Words may follow behind a `#`: such an input once showed a fault, which the words name,
and it is kept whatever else changes. The other lines are some of what a long run has found, each of which reached something new.
"""

from __future__ import annotations

from pathlib import Path

DIRECTORY = Path(__file__).parent / "corpus"
KEPT_MAX = 40  # inputs of one harness that no fault goes with: all of them together are replayed in seconds
KEPT_BYTES = 400  # of one input: a longer one seldom reaches what no shorter one does

TARGETS = {
    "codec": "values",
    "text": "values",
    "card": "values",
    "device_code": "values",
    "record": "records",
    "bodies": "records",
    "letters": "records",
    "frames": "wire",
    "handshake": "wire",
    "reconciliation": "wire",
    "session": "session",
    "photo_frames": "photos",
    "pictures": "photos",
    "packets": "presence",
    "announcements": "presence",
    "api": "doors",
    "ingest": "node",
    "siblings": "node",
    "conversation": "node",
    "inbox": "inbox",
    "parcel_file": "parcels",
    "parcel_frames": "parcels",
    "parcel": "parcels",
}
"""The modules of this package by the harnesses in them; a table, so that a fuzzer can instrument what they import."""


def path_of(name: str) -> Path:
    """Return the file of a harness's corpus."""
    return DIRECTORY / f"{name}.txt"


def read(name: str) -> dict[bytes, str]:
    """Return the inputs of a harness, each with the words about its fault, or without any."""
    path = path_of(name)
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        written, _, words = line.partition("#")
        found[bytes.fromhex(written.strip())] = words.strip()
    return found


def write(name: str, inputs: dict[bytes, str]) -> None:
    """Keep these inputs: those that once showed a fault, and of the others so many that all lengths are among them."""
    plain = sorted((data for data, words in inputs.items() if not words), key=lambda data: (len(data), data))
    short = [data for data in plain if len(data) <= KEPT_BYTES]
    step = max(1.0, len(short) / KEPT_MAX)
    lines = [short[int(at * step)].hex() for at in range(min(len(short), KEPT_MAX))]
    lines += [f"{data.hex()}  # {words}" for data, words in inputs.items() if words]
    DIRECTORY.mkdir(exist_ok=True)
    path_of(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def add(name: str, data: bytes, words: str) -> None:
    """Keep one input with words about what it shows."""
    inputs = read(name)
    inputs[data] = words
    write(name, inputs)
