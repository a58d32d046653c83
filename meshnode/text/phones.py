"""Texts about the phones of one person, of the command line and of the page."""

from __future__ import annotations

import time

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

HELP = message("Your page on your phone: let phones in, see what they do, and remove them.")
PHONE_HELP = message(
    "Let a phone use your page, over the Wi-Fi that it shares with this computer.\n\n"
    "Scan the code with the phone. Then both show three words: if they are the same, let it in. A phone may browse, post, "
    "ask and answer; everything else is done on this computer."
)
PHONE_INTERFACE = message(
    "Serve phones only on these network interfaces, such as 'wlan*' (default: all at home). Can be repeated."
)
PHONE_TLS = message(
    "Encrypt what passes between phone and computer. The phone warns of the certificate once; compare its fingerprint."
)
PHONE_OFF = message("Serve the page to phones no longer. Those that were let in stay in the list.")
PHONE_NAME = message("What you call the phone.")
PHONES_HELP = message("Show the phones that may use your page, and what they did lately.")
REVOKE_HELP = message("Let a phone in no longer, for example a lost one.")
ANSWER_HELP = message(
    "Let in the phone that waits, if it shows the same WORDS as this computer.\n\n"
    "Leave WORDS out to see which phone waits. At a terminal, 'meshnode page phone' asks by itself."
)
ANSWER_REFUSE = message("Do not let it in.")
COLUMNS = tuple(message("name|used last|let in|network|encrypted").split("|"))
EMPTY = message("No phone may use your page. Let one in: meshnode page phone")
NOW_OFF = message("Phones can no longer reach your page.")
AWAITING = message("Waiting for the phone. It shows three words then. To stop waiting, press Ctrl-C.")
LINK_OVER = message("No phone has used the link in time.")
ASK_WORDS = message("Does the phone show the same words?")
REFUSED = message("It was not let in. To try it again: meshnode page phone")
NOBODY_WAITS = message("no phone waits to be let in")
NOBODY_WAITS_HINT = message("show it a code: meshnode page phone")
SCAN = message(
    "Scan this with the phone's camera, or type one of the links into its browser. They work once, for ten minutes."
)
COMPUTER_ONLY = message("a phone may not do this")
COMPUTER_ONLY_HINT = message("do this on the computer itself")
MORE_ON_COMPUTER = message("You can change this on the computer itself.")
MANY_PAGES = message("too many pages are open on phones")
MANY_PAGES_HINT = message("close one of them")
YES, NO = message("yes"), message("no")

ANY_PHONE = message("Phone")
KINDS = {
    "iPhone": message("iPhone"),
    "iPad": message("iPad"),
    "Android": message("Android phone"),
    "Windows": message("Windows computer"),
    "Macintosh": message("Mac"),
    "Linux": message("Linux computer"),
}
"""What to call a device, by a word with which its browser describes itself. The first that fits counts."""

DID = {
    "in": message("was let in"),
    "seen": message("marked the news as seen"),
    "post": message("posted something"),
    "mine": message("renewed, closed or took back a post of yours"),
    "photos-of": message("changed the photos of a post of yours"),
    "ask": message("asked for something, or offered help"),
    "exchanges": message("answered in an exchange"),
    "add": message("added somebody"),
    "carry": message("made a parcel, or took one in"),
}
"""What a phone did, by the beginning of the address."""


def used(phone: dict[str, Any]) -> str:
    """Return how long ago a phone was used (PhoneView of the API)."""
    return forms.ago(max(0, int(time.time()) - phone["seen"]))


def encrypted(phone: dict[str, Any]) -> str:
    """Say whether a phone's session is encrypted."""
    return YES if phone["tls"] else NO


def at(reply: dict[str, Any]) -> str:
    """Say where phones find the page (PhonesView of the API)."""
    if not reply["on"]:
        return message("Phones cannot reach your page now: it is off for them.")
    if not reply["addresses"]:
        return message(
            "Phones cannot reach your page now: this computer is on no home network, or its node does not run."
        )
    return message(
        "Phones that you have let in find your page at {addresses}", addresses=forms.listed(reply["addresses"])
    )


def did(act: dict[str, Any]) -> str:
    """Say what a phone did, and when (PhoneActView of the API)."""
    return message(
        "{when}: {name} {did}",
        when=forms.moment(act["at"]),
        name=named(act["phone"]),
        did=DID.get(act["act"], act["act"]),
    )


def words(reply: dict[str, Any]) -> str:
    """Return the words to compare (PhoneRequestView of the API)."""
    return message(
        "A phone wants in ({name}, at {address}). Its words: {words}",
        name=named(reply["name"]),
        address=reply["address"],
        words=reply["words"],
    )


def let_in(reply: dict[str, Any]) -> str:
    """Say that a phone was let in."""
    return message("{name} may use your page now.", name=named(reply["name"]))


def revoked(reply: dict[str, Any]) -> str:
    """Say that a phone may no longer use the page."""
    return message("{name} may no longer use your page.", name=named(reply["name"]))


def fingerprint(reply: dict[str, Any]) -> str:
    """Say how to know the certificate."""
    return message(
        "The phone warns that it does not know this computer. Compare the certificate's SHA-256 fingerprint before you go "
        "on: {fingerprint}",
        fingerprint=reply["fingerprint"],
    )


def seen_lately(count: int) -> str:
    """Say how many phones have used the page lately."""
    return plural(
        count,
        "1 phone has used your page in the last 24 hours.",
        "{n} phones have used your page in the last 24 hours.",
    )
