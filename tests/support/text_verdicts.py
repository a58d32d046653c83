"""Asks the rule of text for its verdict on every code point, in this Python or, run as a script, in any other.

As a script it needs nothing but the standard library, so that every Python of a machine can be asked:
`python3.13 tests/support/text_verdicts.py` writes the verdicts as JSON.
"""

from __future__ import annotations

import json
import platform
import sys
import unicodedata
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "protocol" / "vectors" / "text.json"


@cache
def code_points() -> dict[str, Any]:
    """Return how many code points are accepted alone and between two letters, and a hash over every single verdict."""
    from protocol.text import text_fault

    verdicts = bytearray()
    for point in (*range(0xD800), *range(0xE000, 0x110000)):
        for text in (chr(point), f"a{chr(point)}a"):
            verdicts.append(text_fault(text, 10, shortest=1, lines=True) is None)
    return {
        "alone": sum(verdicts[0::2]),
        "between": sum(verdicts[1::2]),
        "hash": blake2b(verdicts, digest_size=32).hexdigest(),
    }


def is_accepted(case: dict[str, Any]) -> bool:
    """Whether the text of a case of text.json is accepted in a field such as it names."""
    from protocol.text import text_fault

    text = bytes.fromhex(case["utf8"]).decode()
    return text_fault(text, case["longest"], shortest=case["shortest"], lines=case["lines"]) is None


def verdicts_here() -> dict[str, Any]:
    """Return all verdicts of this Python, and its version and that of its Unicode tables."""
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    return {
        "python": platform.python_version(),
        "unicode": unicodedata.unidata_version,
        "code_points": code_points(),
        "accepted": [is_accepted(case) for case in cases["accepted"]],
        "refused": [is_accepted(case) for case in cases["refused"]],
    }


if __name__ == "__main__":
    # The facade imports all of the protocol and with it libraries that another Python may lack.
    package = ModuleType("protocol")
    package.__path__ = [str(ROOT / "protocol")]
    sys.modules["protocol"] = package
    sys.stdout.write(json.dumps(verdicts_here()))
