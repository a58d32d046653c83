"""Makes a home as an earlier version left it: its identity key alone is sealed under a passphrase."""

from __future__ import annotations

import json
from pathlib import Path

from meshnode.home import write_private
from meshnode.sealing import Entropy, seal_under


def lock_identity(home: Path, passphrase: str, entropy: Entropy) -> None:
    """Seal the identity key of a plain home under a passphrase of its own, as `init --passphrase` once did."""
    path = home / "identity.key"
    stored = json.loads(path.read_text())
    seed = bytes.fromhex(stored.pop("seed"))
    write_private(path, json.dumps({**stored, **seal_under(passphrase, seed, entropy)}).encode())
