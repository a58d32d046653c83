"""Texts about backups, and about restoring one."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import quoted
from meshnode.text import forms
from meshnode.text.catalog import message

BACKUP_HELP = message(
    "Save all that makes up your node in one sealed FILE, while the node runs.\n\n"
    "It is an age file: 'age -d' opens it, and there is a tar archive in it. Make a key first, with --new-key: then the node "
    "also makes a backup a day by itself. Without FILE, this shows the backups that there are."
)
BACKUP_TO = message("A public key (age1...) that can open the backup. Can be repeated.")
BACKUP_PASSPHRASE = message("Seal it with a passphrase, which is asked for or read from standard input.")
BACKUP_NEW_KEY = message(
    "Make a key for your backups and show its secret once; with --to, use those public keys instead."
)
RESTORE_HELP = message(
    "Make this computer your node again, from the backup in FILE.\n\n"
    "It becomes a new device of yours, with the same contacts and posts, and fetches from your contacts what is newer. The "
    "passphrase or secret key of the backup is asked for or read from standard input."
)
RESTORE_DRY_RUN = message("Only show what is in the backup.")
RESTORE_OLD_LOST = message(
    "The computer that made the backup is gone for good: end its key once your contacts have brought back what it wrote."
)
RESTORE_OLD_LIVES = message("The computer that made the backup goes on beside this one.")
RESTORE_KEY = message("A file with the secret key of the backup.")
ASK_NEW_PASSPHRASE = message("Passphrase for the backup")
ASK_SECRET = message("Passphrase of the backup, or its secret key")
ASK_IDENTITY = message("Passphrase of your identity key")
ASK_LOST = message("Is the computer that made this backup gone for good?")
FORMER_KEY = message("Backups made before open with the former secret key alone: keep it as long as you keep them.")
ASK_HOME = message("Passphrase of the encrypted home in it")
HOME_ENCRYPTED = message("this backup is of an encrypted home, whose passphrase is needed too")
ONE_WAY = message("a backup has either a passphrase or keys")
ONE_WAY_HINT = message("leave out --passphrase or --to")
ONE_ANSWER = message("with --json, a new key and a backup are two calls, so that the secret key is never lost")
ONE_ANSWER_HINT = message("first meshnode backup --new-key --json, then meshnode backup FILE --json")
NO_KEY = message("there is no key for your backups")
NO_KEY_HINT = message("make one with 'meshnode backup --new-key', or use --passphrase")
BOTH_FATES = message("the computer is gone for good or it goes on, not both")
BOTH_FATES_HINT = message("leave out --old-lost or --old-lives")
NO_FILE = message("no FILE was named")
NO_FILE_HINT = "meshnode backup FILE"
NO_SECRET = message("the passphrase or secret key of the backup is missing")
NO_SECRET_HINT = message("give it on standard input, or use --key FILE")
SECRET_SHOWN = message("Write this secret key down and keep it away from this computer: it alone opens your backups.")
SECRET_ONCE = message("It is not kept here, and not shown again. Whoever has it and a backup is you.")
KEY_SET = message("Backups are sealed to these public keys from now on, and one is made each day:")
NONE_YET = message("No backup was made yet.")
NO_DAILY = message("No backup is made by itself. To have one made each day: meshnode backup --new-key")
LOCKED = message("Your identity key has a passphrase. Start the node with it once, so that it takes a new key:")
RUN = "meshnode run"
OLD_LOST = message("The former computer's key ends once your contacts have brought back what it wrote.")
OLD_LIVES = message(
    "The former computer can go on. If it is gone after all: meshnode device list, then meshnode device revoke."
)
JOIN = message("Your identity key is on another device of yours. Make a code there: meshnode device add")
JOIN_HERE = message("Then make this computer a device again, which keeps what was restored: meshnode device join")
ELSEWHERE = message("Your identity key is not in it: it is on another device of yours.")


def cannot_read(path: object, reason: object) -> str:
    """Say that a file cannot be read."""
    return message("{path} cannot be read: {reason}", path=quoted(str(path)), reason=reason)


def cannot_write(path: object, reason: object) -> str:
    """Say that a file cannot be written."""
    return message("{path} cannot be written: {reason}", path=quoted(str(path)), reason=reason)


def made(reply: dict[str, Any], path: object) -> list[str]:
    """Say where the backup is, and what is in it."""
    size = f"{reply['bytes'] / 1_000_000:.1f}"
    return [message("Saved and read back: {path} ({size} MB).", path=path, size=size), *contents(reply)[1:]]


def contents(reply: dict[str, Any]) -> list[str]:
    """Say whose backup it is, when it was made, and what is in it."""
    many = sum(one["count"] for one in reply["records"])
    listings = next((one["count"] for one in reply["records"] if one["kind"] == "listing"), 0)
    lines = [
        message(
            "Backup of {name} ({device}), made on {when}",
            name=reply["name"],
            device=reply["device_name"],
            when=forms.moment(reply["made"]),
        ),
        message("Records in it: {records}, of which are posts: {posts}", records=many, posts=listings),
    ]
    return lines if reply["identity"] != "elsewhere" else [*lines, ELSEWHERE]


def how_it_stands(reply: dict[str, Any]) -> list[str]:
    """Say when the last backup was made, and why a later try failed."""
    lines = [NONE_YET if reply["last"] is None else message("Last backup: {when}", when=forms.moment(reply["last"]))]
    if reply["failed"]:
        lines.append(message("The last try failed: {why}", why=reply["failed"]))
    return lines


def state(reply: dict[str, Any]) -> list[str]:
    """Say when the last backup was made, and which daily ones there are."""
    lines = how_it_stands(reply)
    if not reply["keys"]:
        return [*lines, NO_DAILY]
    lines.append(message("Sealed to: {keys}", keys=", ".join(reply["keys"])))
    return [*lines, *(f"{one['date']}  {one['file']}" for one in reply["daily"])]


def restored(reply: dict[str, Any]) -> list[str]:
    """Say what this computer is now."""
    if reply["identity"] == "elsewhere":
        return [message("What was saved is in {home}.", home=reply["home"]), JOIN, JOIN_HERE]
    done = message("{name} is back, in {home}, as a new device.", name=reply["name"], home=reply["home"])
    lines = [done, OLD_LOST if reply["old"] == "lost" else OLD_LIVES]
    return lines if reply["renewed"] else [*lines, LOCKED, f"  {RUN}"]
