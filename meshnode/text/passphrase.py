"""Texts about the passphrase of an encrypted home."""

from __future__ import annotations

from meshnode.quoting import quoted
from meshnode.text.catalog import message

HELP = message("The passphrase under which all that this computer keeps of yours is encrypted.")
SET_HELP = message(
    "Encrypt everything in the home under a passphrase. The node must not run.\n\n"
    "Without it, nobody can start the node or read anything, and nobody can give it back to you. It takes twice the disk"
    " space of the home for a moment."
)
CHANGE_HELP = message("Encrypt everything again, under another passphrase. The node must not run.")
REMOVE_HELP = message("Decrypt everything, so that the node starts without a passphrase. The node must not run.")
FILE = message("Read the passphrase from this file; - is standard input.")
NEW_FILE = message("Read the new passphrase from this file; - is standard input.")

ASK = message("Passphrase")
ASK_IDENTITY = message("Passphrase of your identity's key (Enter: go on without it)")
ASK_FORMER = message("The passphrase of your identity's key")
ASK_NEW = message("New passphrase")
ASK_AGAIN = message("The same again")
ASK_FIRST = message("Passphrase (Enter for none)")
MEANING = message("With a passphrase, a thief of this computer can read nothing; without it, neither can you.")
DIFFERENT = message("These two were not the same.")

IS_SET = message("Everything in the home is encrypted now.")
IS_CHANGED = message("Everything in the home is encrypted under the new passphrase now.")
IS_REMOVED = message("Nothing in the home is encrypted any longer.")
KEEP_IT = message("Nobody can give you the passphrase back: keep it somewhere else too.")
LIES_BESIDE = message(
    "The passphrase lies in a file on the same disk, so somebody with the disk has both. Keep the file elsewhere, such as on"
    " a stick that you take out."
)

ENCRYPTED = message("Everything in the home is encrypted.")
PLAIN = message("Nothing in the home is encrypted: 'meshnode passphrase set' does it.")

ENCRYPTED_ALREADY = message("everything in the home is encrypted already")
ENCRYPTED_ALREADY_HINT = message("'meshnode passphrase change' sets another passphrase")
NONE_SET = message("nothing in the home is encrypted")
NONE_SET_HINT = message("'meshnode passphrase set' encrypts everything in it")
OF_IDENTITY = message("your identity's key has a passphrase of its own, which must be typed")
OF_IDENTITY_HINT = message("do this at a terminal")
NEW_FILE_HINT = message("give the new one with --new-passphrase-file")
FILE_HINT = message("a file with the passphrase is one line of text")


def has_another(file: str) -> str:
    """Say that the file from which the node takes its passphrase does not have the new one."""
    return message("The file that the settings name has another passphrase: put the new one into {file}", file=file)


def needed(home: object) -> str:
    """Say that an encrypted home needs its passphrase."""
    return message("the node in {home} is encrypted, and there is no terminal to ask for its passphrase", home=home)


def needed_hint(variable: str) -> str:
    """Name the other ways to give a passphrase."""
    return message(
        "give it as a credential of systemd, by passphrase_file in the settings, or put it into {variable}",
        variable=variable,
    )


def new_hint(variable: str) -> str:
    """Name the other ways to give a new passphrase."""
    return message("give it with --passphrase-file, or put it into {variable}", variable=variable)


def too_long(file: str) -> str:
    """Say that a file is too long for one with a passphrase."""
    return message("{file} is too long for a passphrase", file=quoted(file))


def not_text(file: str) -> str:
    """Say that a file is no text."""
    return message("{file} is not text", file=quoted(file))


def unreadable(file: str, reason: str | None) -> str:
    """Say that a file with a passphrase cannot be read."""
    return message("the passphrase cannot be read from {file}: {reason}", file=file, reason=reason)
