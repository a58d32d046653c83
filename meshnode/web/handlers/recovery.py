"""Shows how you can come back if all is lost: your recovery words, and the friends who keep shares of your key."""

from __future__ import annotations

from typing import Any

from meshnode.app.devices import former as former_cases
from meshnode.app.people import people as people_cases
from meshnode.app.recovery import friends as friend_cases
from meshnode.app.recovery import kept_shares as share_cases
from meshnode.app.recovery import words as word_cases
from meshnode.errors import MeshnodeError, NotFound, Unconfirmed
from meshnode.qr.codes import picture
from meshnode.text import page as page_text
from meshnode.text import page_recovery as text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import whole
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

SURE = "sure"  # the button below what is said before something is done
FRIEND, WORD = "friend-", "word-"  # what the names of fields begin with


@_addresses.add("GET", "/recovery")
async def recovery(asked: Asked) -> Reply:
    """Show whether the words are written down, who keeps shares of the key, and whose shares are kept here."""
    return await _recovery(asked)


@_addresses.add("POST", "/recovery")
async def act(asked: Asked) -> Reply:
    """Show the words, check three of them, choose friends, show a friend's words, or keep a former device."""
    context, form = asked.context, asked.form
    try:
        match form.get("act", ""):
            case "words":
                words = await context.run(word_cases.shown)
                asked_for = await context.run(word_cases.places)
                return TemplateReply("recovery_words.html", {"words": words, "places": asked_for}, acted=True)
            case "confirm":
                typed = {whole(name[len(WORD) :]) or 0: word for name, word in form.items() if name.startswith(WORD)}
                await context.run(word_cases.confirm, typed)
                return Elsewhere("/recovery?done=words")
            case "friends":
                chosen = tuple(name[len(FRIEND) :] for name in form if name.startswith(FRIEND))
                order = friend_cases.FriendsOrder(chosen, whole(form.get("need", "")) or 0, anyway=SURE in form)
                await context.run(friend_cases.set_friends, order)
                return Elsewhere("/recovery?done=friends")
            case "unset":
                await context.run(friend_cases.unset)
                return Elsewhere("/recovery?done=unset")
            case "help":
                order_help = share_cases.HelpOrder(form.get("person", ""), anyway=SURE in form)
                helped = plain(await context.run(share_cases.help_back, order_help))
                values = {"helped": helped, "picture": picture(" ".join(helped["words"]))}
                return TemplateReply("recovery_help.html", values, acted=True)
            case "kept":
                await context.run(former_cases.keep, former_cases.KeptDevice(form.get("device", "")))
                return Elsewhere("/recovery?done=kept")
    except Unconfirmed as error:
        return _sure(asked, error)
    except MeshnodeError as error:
        return await _recovery(asked, error)
    raise NotFound(page_text.NO_PAGE)


def _sure(asked: Asked, error: Unconfirmed) -> TemplateReply:
    """Say what others could do with the shares, and ask whether to go on."""
    values: dict[str, Any] = {
        "action": "/recovery",
        "back": "/recovery",
        "question": text.SURE.get(asked.form.get("act", ""), ""),
        "help": (text.sentence(error.message), text.sentence(error.hint)),
        "changes": None,
        "kept": {name: value for name, value in asked.form.items() if name != SURE},
        "asks_again": False,
        "grave": True,
    }
    return TemplateReply("sure.html", values)


async def _recovery(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    values: dict[str, Any] = {
        "found": plain(await context.run(former_cases.recovery)),
        "people": plain(await context.run(people_cases.vouched_for, mutual=True)),
        "form": asked.form,
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("recovery.html", values, 200 if error is None else error.http_status)
