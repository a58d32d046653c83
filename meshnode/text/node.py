"""Texts about the node itself: creating, starting and stopping it, its status, sync, events and the demo."""

from __future__ import annotations

import time
from collections.abc import Sequence

from meshnode.quoting import named
from meshnode.text import devices, forms, pause, phones, recovery, waiting
from meshnode.text.catalog import message, plural
from meshnode.text.choices import AUDIENCE_CHOICES, AUDIENCES, capitalized
from meshnode.text.errors import line
from meshnode.text.peer import summary

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

# --- init ---------------------------------------------------------------------------------------------------------------

INIT_HELP = message("Create a new node.")
INIT_NAME = message("What others call you.")
INIT_PLACE = message("Your location. It stays on this computer; others see it to about a kilometer.")
INIT_AUDIENCE = message("Who can see your posts by default.")
ASK_NAME = message("What is your name")
ASK_AUDIENCE = message("Who can see what you post? You can choose differently for each post.")
ASK_CHOICE = message("Your choice")
NEARBY = message('"Anyone nearby" needs your location. Others see it to about a kilometer, never exactly.')
ASK_PLACE = message("Where are you (latitude,longitude as on a map, such as 52.52,13.40)")
NEEDS_PLACE = message('"Anyone nearby" needs your location')
NEEDS_PLACE_HINT = message("say where you are with --place LAT,LON")
NO_LOGIN_NAME = message("Neighbor")
OTHER_NAME_HINT = message("choose another with --name")


def audience_choices(default: str) -> list[str]:
    """Return the five audiences as a numbered list."""
    return [
        message("  {number}  {audience} [default]", number=number, audience=capitalized(text))
        if word == default
        else message("  {number}  {audience}", number=number, audience=capitalized(text))
        for number, (word, text) in enumerate(AUDIENCE_CHOICES.items(), 1)
    ]


def welcome(name: str, home: object, audience: str) -> list[str]:
    """Say where a new node is, and who can see posts by default."""
    return [
        message("Welcome, {name}. Your node is in {home}.", name=name, home=home),
        message("By default, {whom} can see your posts.", whom=AUDIENCES[audience]),
    ]


def placed(latitude: float, longitude: float) -> str:
    """Say how a typed location was understood, so that swapped numbers are noticed."""
    return message(
        "Your location: {lat:.6g} {north}, {lon:.6g} {east}. To correct it: meshnode share set --place LAT,LON",
        lat=abs(latitude),
        north=message("north") if latitude >= 0 else message("south"),
        lon=abs(longitude),
        east=message("east") if longitude >= 0 else message("west"),
    )


def start(program: str) -> str:
    """Say how to start a new node."""
    return message("Start it: {program} run", program=program)


def node_exists(home: object) -> str:
    """Say that there is a node already."""
    return message("there is already a node in {home}", home=home)


NODE_EXISTS_HINT = message("'meshnode run' starts it. To create another, use --home")

# --- run ----------------------------------------------------------------------------------------------------------------

RUN_HELP = message("Start the node, and keep it running until Ctrl-C.")
RUN_PORT = message("The TCP port for other nodes (default: 4747, or the next free one, which is kept).")
RUN_INTERFACE = message(
    "Use only these network interfaces, such as 'eth*'; '!docker*' leaves some out. Can be repeated."
)
RUN_NO_MDNS = message("Do not announce this node on the network, and do not look for others there.")
RUN_MOVED = message("The home was moved here, and its former place is gone: go on with its keys.")
RUN_PEER = message("The address of another node; can be repeated.")
FIRST_STEPS = (
    ("card", message("show your card to somebody")),
    ("add", message("or add theirs: either connects you both")),
    ('offer "Fresh bread"', message("share something")),
    ("discover", message("see what others share with you")),
    ("open", message("the same in your browser")),
    ("status", message("see whether everything works")),
)
RUN_TERMINAL = message("  In another terminal:")
RUN_STOP = message("  Ctrl-C stops it, and so does closing this terminal.")


def running(person: str) -> str:
    """Say that the node of the person whose name goes before this runs."""
    return message(" ({id}) is running.", id=person[:11])


def listening_on(port: int, hosts: Sequence[str]) -> str:
    """Say where other nodes can reach this one."""
    if not hosts:
        return message("  Listening on port {port}, on this computer only.", port=port)
    return message("  Listening on port {port} at {hosts}.", port=port, hosts=", ".join(hosts))


def starting_problem(problem: str, hint: str) -> str:
    """Say what keeps a node that has just started from meeting others."""
    return message("  ! {problem}", problem=line(problem, hint))


def keep_running(program: str) -> str:
    """Say how the node goes on without a terminal."""
    return message("  To keep it running without this terminal: {program} service install", program=program)


def while_running(line: str) -> str:
    """Return a line for the screen of a running node."""
    return message("  {line}", line=line)


def stopped(program: str) -> str:
    """Say how to start the node again."""
    return message("  Stopped. Start it again: {program} run", program=program)


# --- status, peers, doctor -----------------------------------------------------------------------------------------------

STATUS_HELP = message("Show whether the node runs, who is connected, and any problems.")
NO_PROBLEMS = message("No problems found.")
PEERS_HELP = message("Show current connections.")
PEERS_COLUMNS = tuple(message("name|id|address|direction|since|state").split("|"))
PEERS_EMPTY = message("Not connected to anyone now. Look for the cause: meshnode doctor")
DOCTOR_HELP = message("Look for common problems, or why PERSON is not connected.")
INTERFACES_NAMED = 4  # the rest are counted
NO_DAEMON = message("The node is not running")
WITHOUT_DAEMON = message("The node is not running, so this is done without it. Others learn of it when it runs again.")
OUTGOING = message("outgoing")
INCOMING = message("incoming")
UP_TO_DATE = message("up to date")
SYNCING = message("syncing")


def whose(peer: dict[str, Any]) -> str:
    """Return the name of a connected person; for another device of yours, with the device's name."""
    name = named(peer["name"])
    return message("{name} ({device})", name=name, device=peer["device"]) if peer["device"] else name


def status(reply: dict[str, Any]) -> list[str]:
    """Return the node's status (StatusView of the API), a sentence a line."""
    lines = [message("Ready.") if reply["ready"] else message("Starting.")]
    lines += pause.while_away(reply["paused"])
    if reply["addresses"]:
        lines.append(_listening(reply))
    if reply["left_out"]:
        lines.append(_left_out(reply["left_out"]))
    if reply["given"]:
        lines.append(summary(reply["given"]))
    names = list(dict.fromkeys(whose(one) for one in reply["peers"]))
    connected = (
        message("Connected to {names}.", names=forms.listed(names)) if names else message("Not connected to anyone.")
    )
    records = plural(reply["records"], "This node holds 1 item.", "This node holds {n} items.")
    lines.append(f"{connected} {records}")
    if reply["devices"]:
        lines.append(message("Your other devices: {names}.", names=forms.listed(reply["devices"])))
    lines += devices.to_come(reply)
    if reply["phones_seen"]:
        lines.append(phones.seen_lately(reply["phones_seen"]))
    if not reply["words_confirmed"]:
        lines.append(recovery.REMINDER)
    if reply["pending"]:
        lines.append(
            plural(
                reply["pending"],
                "1 card is waiting for the other person's node.",
                "{n} cards are waiting for the other people's nodes.",
            )
        )
    if reply["held_in_doubt"]:
        lines.append(
            plural(
                reply["held_in_doubt"],
                "1 item may have ended, and is held until the date is known: meshnode clock",
                "{n} items may have ended, and are held until the date is known: meshnode clock",
            )
        )
    if reply["fits"]:
        lines.append(
            plural(
                reply["fits"],
                "1 new offer fits what you need. See it with 'meshnode news'.",
                "{n} new offers fit what you need. See them with 'meshnode news'.",
            )
        )
    if reply["alerts"] > reply["fits"]:
        lines.append(
            plural(
                reply["alerts"] - reply["fits"],
                "1 new match for your saved searches. See it with 'meshnode news'.",
                "{n} new matches for your saved searches. See them with 'meshnode news'.",
            )
        )
    if told := waiting.people(reply["waiting"]):
        lines.append(told)
    lines += [
        message("! {problem}", problem=line(problem["message"], problem["hint"])) for problem in reply["problems"]
    ]
    return lines if reply["problems"] else [*lines, NO_PROBLEMS]


def _listening(reply: dict[str, Any]) -> str:
    addresses = ", ".join(reply["addresses"])
    if reply["announcing"]:
        return message("Listening at {addresses}, announced on the local network.", addresses=addresses)
    return message("Listening at {addresses}, not announced on the local network.", addresses=addresses)


def _left_out(names: Sequence[str]) -> str:
    return plural(
        len(names),
        "Not used, because it is virtual: {names}. To use every interface: meshnode run --interface '*'",
        "Not used, because they are virtual: {names}. To use every interface: meshnode run --interface '*'",
        names=forms.first_few(names, INTERFACES_NAMED),
    )


def since(seconds: int) -> str:
    """Return how long ago a connection began."""
    return forms.span(max(0, int(time.time()) - seconds))


def finding(found: dict[str, Any]) -> str:
    """Return one finding of the doctor, marked as good or bad."""
    text = line(found["message"], found["hint"])
    return message("ok {text}", text=text) if found["well"] else message("!  {text}", text=text)


def home_unreadable(home: object, reason: object) -> str:
    """Say that the home directory cannot be read."""
    return message("{home} cannot be read ({reason})", home=home, reason=reason)


HOME_UNREADABLE_HINT = message("check its owner and permissions")
DISK_FULL_HINT = message("free some space: below 10% the node accepts nothing more from others")


def home_private(home: object) -> str:
    """Say that only its owner can read the home directory."""
    return message("Only you can read the node in {home}", home=home)


def disk_free(share: float) -> str:
    """Say that there is room on the disk."""
    return message("{share:.0%} of the disk is free", share=share)


def disk_full(share: float) -> str:
    """Say that there is little room on the disk."""
    return message("Only {share:.0%} of the disk is free", share=share)


# --- sync and events ------------------------------------------------------------------------------------------------------

SYNC_HELP = message("Sync now with everyone in reach.")
SYNC_NOBODY_KNOWN = message("You know nobody yet. Give somebody your 'meshnode card', or 'meshnode add' theirs.")
SYNC_NOBODY = message("No one is in reach. Your posts go out when you next connect.")
MISSING_NAMED = 5  # people who were not in reach, by name; the others are a number
EVENTS_HELP = message("Show changes as they happen, until Ctrl-C.")
EVENTS_KIND = message("Only this kind; can be repeated.")
EVENTS_COUNT = message("Stop after this many.")
EVENTS_WAITING = message("Waiting for changes. Ctrl-C stops.")
EVENTS_STOPPED = message("the node has stopped")
EVENTS_STOPPED_HINT = message("start it again with 'meshnode run'")
EVENTS = {
    "listings": message("posts have changed"),
    "people": message("people or their trust have changed"),
    "groups": message("cells or communities have changed"),
    "exchanges": message("exchanges or messages have changed"),
    "alerts": message("a saved search has a new match"),
    "peers": message("connections have changed"),
    "status": message("the status of this node has changed"),
    "reset": message("so much has changed that not all of it was listed"),
}


def synced(peer: dict[str, Any]) -> str:
    """Return what came from the person whose name goes before this."""
    came = plural(peer["came"], "1 new item", "{n} new items") if peer["came"] else message("nothing new")
    if not peer["done"]:
        return message(": {came} so far, more to come", came=came)
    return message(": newly connected, {came}", came=came) if peer["new"] else message(": {came}", came=came)


def not_in_reach(names: Sequence[str]) -> str:
    """Name the people who were not in reach."""
    return message(
        "Not in reach: {names}. Look for the reason: meshnode doctor NAME", names=forms.first_few(names, MISSING_NAMED)
    )


def event(found: dict[str, Any]) -> str:
    """Return one change with its time."""
    words = EVENTS.get(found["kind"], message("something has changed"))
    return message("{time}  {kind}: {words}", time=forms.clock(found["at"]), kind=found["kind"], words=words)


# --- demo ---------------------------------------------------------------------------------------------------------------

DEMO_HELP = message("Watch three people connect and share, in less than twenty seconds.")
DEMO_START = message(
    "Three people, each with a node of their own on this computer. No server, no account, no internet."
)
DEMO_FIRST_CARD = message("Alice adds Bob's card and trusts Bob (0.7). The card makes Bob trust Alice too.")
DEMO_SECOND_CARD = message("Bob adds Carol's card and trusts Carol (0.8). Alice and Carol have never met.")
DEMO_OFFER = message("Carol offers vegetables to everyone who is connected to her.")
DEMO_DISCOVER = message("Alice looks at what is shared, and finds them.")
DEMO_WHY = message("Why does she see them? Trust is multiplied along the path: 0.7 x 0.8 = 0.56.")
DEMO_PEERS = message("Meanwhile her node has found Carol's on the network. They are connected directly now.")
DEMO_UNVOUCH = message("Bob no longer trusts Carol.")
DEMO_GONE = message("Without Bob in between, Alice's node has dropped its copy. She no longer sees the offer.")
DEMO_END = message("Nobody had to ask for permission. Start your own node with 'meshnode run'.")
DEMO_DOCTOR_HINT = message("'meshnode doctor' may show the reason")
DEMO_WAITS = {
    "start": message("a node to start"),
    "offer": message("the offer to reach Alice"),
    "gone": message("the offer to disappear"),
}


def demo_failed(words: str, reason: str) -> str:
    """Say which command of the demo failed."""
    return message("'meshnode {words}' failed: {reason}", words=words, reason=reason)


def demo_waited(what: str) -> str:
    """Say for what the demo waited in vain."""
    return message("the demo waited in vain for {what}", what=DEMO_WAITS[what])
