"""Texts about offers and needs: posting, showing, changing and ending them. People read "post" for both."""

from __future__ import annotations

import time
from typing import Any

from meshnode.quoting import named, quoted
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import ENDED, RELATIONS, audience

EXPIRED_NAMED = 3  # titles of expired posts in the note below `mine`; the others are a number

OFFER_HELP = message("Offer something.")
NEED_HELP = message("Ask for something.")
NEED_NEXT = message("Offers that fit it will appear in 'meshnode news'.")
AUDIENCE = message("Who can see it (default: your sharing settings).")
TITLE = message("A new title.")
NEW_AUDIENCE = message("Who can see it now; 'follows' for your sharing settings.")
CLEAR = message("Empty this field; can be repeated.")
TEXT = message("More about it.")
CATEGORY = message("What kind of thing it is (default other).")
TAG = message("A word of your own; can be repeated.")
QUANTITY = message("How many or how much there is (default: not limited; lent things: 1).")
UNIT = message("What is counted: kg, hours, beds.")
FROM = message("Available from the beginning of this day.")
UNTIL = message("Available until the end of this day.")
URGENCY = message("How urgent it is (default normal).")
LEND = message("To be given back, or to keep.")
RETURN_BY = message("The last day on which to give it back.")
LANGUAGE = message("The language it is written in, such as de.")
PHOTO = message("A photo of it, as a file. Up to four; it is made small, and where it was taken is taken out.")
PHOTO_WORDS = message("What the photo shows, for people who cannot see it. One for each --photo, in their order.")
NOTICE_BOARD = message("Others who see it may put it up on a notice board.")
PLACE = message("Where it is, if not where you are. Others see only an area around it.")
EXPIRES = message("How long it stays visible (food 2d, needs 7d, others 90d).")
TYPE = message("Offer or need.")
MINE_HELP = message("Show your posts.")
MINE_CLOSED = message("Show what has ended: closed, all taken, or expired.")
MINE_COLUMNS = tuple(message("title|id|type|category|audience|expires").split("|"))
MINE_EMPTY = message("No posts yet. Add one: meshnode offer TITLE, or meshnode need TITLE")
MINE_SOON = message("To keep a post that ends soon: meshnode renew LISTING")
CLOSED_COLUMNS = tuple(message("title|id|type|category|how|when").split("|"))
CLOSED_EMPTY = message("No closed or expired posts. They are kept here for 30 days.")
SHOW_HELP = message("Show one post in full.")
EDIT_HELP = message("Change one of your posts. People who may no longer see it lose their copies.")
RENEW_HELP = message("Renew one of your posts, even if it has expired.")
RENEW_EXPIRES = message("How long it stays visible from now on (food 2d, needs 7d, others 90d).")
RENEW_QUANTITY = message(
    "How much there is now, beside what is promised (default: what is left, or as much as before)."
)
CLOSE_HELP = message("Close one of your posts because it is done.\n\n'meshnode mine --closed' still shows it.")
WITHDRAW_HELP = message("Take back one of your posts everywhere, and keep nothing of it.")


def posted(reply: dict[str, Any]) -> str:
    """Say what was posted, who can see it, and until when."""
    return message(
        "Posted {title}. Visible to {whom}, until {until}.",
        title=quoted(reply["title"]),
        whom=audience(reply),
        until=forms.moment(reply["expires"]),
    )


def posted_before(reply: dict[str, Any]) -> str:
    """Say that there is another post of that title already, and how to take one of them back."""
    return message(
        "You have already posted that; both are visible. To take back the first: meshnode withdraw {id}",
        id=reply["twin"][:8],
    )


def located(reply: dict[str, Any]) -> str:
    """Say where a post of yours is for others, and how far that is from you."""
    area = forms.area(reply["place"])
    if not reply["distance"]:
        return message("Its location is {area}.", area=area)
    return message(
        "Its location is {area}, {distance} from you.", area=area, distance=reply["distance"].removesuffix(" away")
    )


def changed(reply: dict[str, Any]) -> str:
    """Say what was changed, and who can see it."""
    return message("Changed {title}. Visible to {whom}.", title=quoted(reply["title"]), whom=audience(reply))


def renewed(reply: dict[str, Any]) -> str:
    """Say until when a post is visible now."""
    return message(
        "Renewed {title}, until {until}.", title=quoted(reply["title"]), until=forms.moment(reply["expires"])
    )


def closed(reply: dict[str, Any]) -> str:
    """Say that a post is closed."""
    return message("Closed {title}. 'meshnode renew' posts it again.", title=quoted(reply["title"]))


def withdrawn(reply: dict[str, Any]) -> str:
    """Say that a post is gone."""
    return message("Withdrew {title}.", title=quoted(reply["title"]))


def own_audience(listing: dict[str, Any]) -> str:
    """Return the audience as it is typed, and whether it follows the sharing settings."""
    if listing["follows"]:
        return message("{audience} (default)", audience=listing["audience"])
    return str(listing["audience"])


def own_expiry(listing: dict[str, Any], *, soon: bool) -> str:
    """Return when a post ends, marked where that is soon or may be past."""
    until = forms.moment(listing["expires"])
    if listing["perhaps_ended"]:
        return message("{until} (may have ended)", until=until)
    return message("{until} (soon)", until=until) if soon else until


def just_expired(titles: list[str]) -> str:
    """Name the posts that expired lately, and how to renew them."""
    return message(
        "Expired: {titles}. To renew: meshnode renew LISTING",
        titles=forms.first_few([quoted(title) for title in titles], EXPIRED_NAMED),
    )


def byline(reply: dict[str, Any]) -> str:
    """Return what a post is, and by whom."""
    values = {"type": reply["type"], "category": reply["category"], "author": _author(reply)}
    if reply["urgency"] == "normal":
        return message("{type}, {category}, by {author}", **values)
    return message("{type}, {category}, {urgency}, by {author}", urgency=reply["urgency"], **values)


def _author(reply: dict[str, Any]) -> str:
    if reply["relation"] == "yourself":
        return message("you")
    return message("{name} ({relation})", name=named(reply["author"]["name"]), relation=RELATIONS[reply["relation"]])


def details(reply: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the other fields of a post (ListingView of the API) that are filled, as labels and values."""
    found = [(message("visible to"), audience(reply))]
    if reply["tags"]:
        found.append((message("tags"), ", ".join(reply["tags"])))
    if reply["quantity"] is not None:
        found.append((message("quantity"), forms.amount(reply["quantity"], reply["unit"])))
    if reply["available_from"] or reply["available_until"]:
        found.append((message("available"), _available(reply)))
    if reply["lend"]:
        found.append((message("lent"), _lent(reply)))
    if reply["place"]:
        found.append((message("location"), forms.area(reply["place"])))
    if reply["language"]:
        found.append((message("language"), reply["language"]))
    if reply["photos"]:
        found.append((message("photos"), _photos(reply)))
    if reply["notice_board"]:
        found.append((message("notice board"), message("may be put up in public")))
    if reply["ended"]:
        how = message(
            "{how} on {when}", how=ENDED.get(reply["ended"], reply["ended"]), when=forms.moment(reply["ended_at"])
        )
        found += [(message("state"), how), (message("again"), message("meshnode renew {id}", id=reply["id"][:8]))]
        return [*found, (message("id"), reply["id"])]
    when = forms.moment(reply["expires"])
    if reply["perhaps_ended"]:
        expires = message("{when} (may have ended: the date is in doubt, see 'meshnode clock')", when=when)
    else:
        left = max(0, reply["expires"] - int(time.time()))
        expires = message("{when} (in {span})", when=when, span=forms.span(left))
    found.append((message("expires"), expires))
    return [*found, (message("id"), reply["id"])]


def _available(reply: dict[str, Any]) -> str:
    first, last = _date(reply, "available_from"), _date(reply, "available_until")
    if not reply["available_until"]:
        return message("from {first}", first=first)
    if not reply["available_from"]:
        return message("until {last}", last=last)
    return message("from {first} until {last}", first=first, last=last)


def _lent(reply: dict[str, Any]) -> str:
    if not reply["return_by"]:
        return message("to be given back")
    return message("give back by {date}", date=_date(reply, "return_by"))


def _date(reply: dict[str, Any], field: str) -> str:
    """Return a date of a post, with the reader's time zone where another person wrote it, perhaps in another zone."""
    return forms.moment(reply[field]) if reply["relation"] == "yourself" else forms.moment_and_zone(reply[field])


PHOTO_HELP = message("Save the photos of a post as files.")
PHOTO_SAVE = message("The folder to save them in; without it, the current one.")
TOO_FEW_PHOTOS = message("there are more words than photos")
TOO_FEW_PHOTOS_HINT = message("give each --photo-words after the --photo that it describes")
NO_PHOTOS = message("this post has no photos")


def _photos(reply: dict[str, Any]) -> str:
    """Say how many photos a post has, how many are still to come, and how to save them."""
    count, here = len(reply["photos"]), sum(photo["here"] for photo in reply["photos"])
    if here < count:
        return message("{count}, {missing} of them not here yet", count=count, missing=count - here)
    return message("{count} (save: meshnode photo {id})", count=count, id=reply["id"][:8])


def photo_saved(path: str, words: str) -> str:
    """Say where a photo was saved, and what it shows if its author says so."""
    return message("{path}: {words}", path=path, words=quoted(words)) if words else path


def photos_missing(count: int) -> str:
    """Say how many photos have not come yet."""
    return plural(
        count,
        "{n} photo is not here yet; it comes when somebody who has it is near",
        "{n} photos are not here yet; they come when somebody who has them is near",
    )


def photos_exported(count: int, folder: str) -> str:
    """Say how many photos of the owner's were saved."""
    return plural(count, "{n} photo saved in {folder}", "{n} photos saved in {folder}", folder=folder)
