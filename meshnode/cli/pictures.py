"""Makes pictures of a card: files to send or print, and a page for the printer.

A card works like a key until it is used, so only its owner can read the files, and none is written over.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from meshnode.errors import Failed
from meshnode.qr.codes import BORDER, qr_code
from meshnode.text import connecting as text

SCALE = {"svg": 4.0, "png": 8, "pdf": 3.5}  # pixels or points for each square: a card comes to some 10 cm on paper
PRINTER = "lp"  # of CUPS
PRINT_SECONDS = 30


@contextmanager
def new_files(names: dict[str, str | None]) -> Iterator[dict[str, BinaryIO]]:
    """Yield a new file for each kind of picture that has a name; all are removed again if what is done with them fails."""
    opened: dict[str, BinaryIO] = {}
    made: list[str] = []
    try:
        for kind, name in names.items():
            if name is not None:
                opened[kind] = os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
                made.append(name)
        yield opened
    except BaseException:
        for name in made:
            Path(name).unlink(missing_ok=True)
        raise
    finally:
        for file in opened.values():
            file.close()


def write(card: str, kind: str, out: BinaryIO) -> None:
    """Write the QR code of a card as a picture of this kind: svg, png or pdf."""
    qr_code(card).save(out, kind=kind, border=BORDER, scale=SCALE[kind])


def check_printer() -> None:
    """Failed where no program prints."""
    if shutil.which(PRINTER) is None:
        raise Failed(text.NO_PRINTER, text.NO_PRINTER_HINT)


def send_to_printer(card: str) -> None:
    """Print the QR code of a card on the default printer; Failed where that is not possible."""
    page = BytesIO()
    write(card, "pdf", page)
    try:
        done = subprocess.run([PRINTER], input=page.getvalue(), capture_output=True, timeout=PRINT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(text.NOT_PRINTED, text.NO_PRINTER_HINT) from error
    if done.returncode:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        raise Failed(text.not_printed(reason), text.NO_PRINTER_HINT)
