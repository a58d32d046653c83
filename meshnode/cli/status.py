"""`status`, `peers` and `doctor`: whether the node works, and why not."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, command, named, say_lines
from meshnode.errors import NotRunning
from meshnode.text import node as text
from meshnode.text.peer import summary


def _show_status(reply: dict[str, Any]) -> None:
    output.say(f" ({reply['person']['id'][:11]})", title=reply["person"]["name"])
    say_lines(text.status(reply))


@command("status", about=text.STATUS_HELP, show=_show_status)
def status(call: Settings) -> Any:
    return call.client().get("/v1/status")


def _show_peers(reply: dict[str, Any]) -> None:
    output.table(
        text.PEERS_COLUMNS,
        [
            (
                text.whose(peer),
                peer["id"][:11],
                peer["address"],
                text.OUTGOING if peer["dialed"] else text.INCOMING,
                text.since(peer["since"]),
                text.UP_TO_DATE if peer["live"] else text.SYNCING,
            )
            for peer in reply["peers"]
        ],
        empty=text.PEERS_EMPTY,
    )
    if reply["given"]:
        output.say(summary(reply["given"]))


@command("peers", about=text.PEERS_HELP, show=_show_peers)
def peers(call: Settings) -> Any:
    return call.client().get("/v1/peers")


def _show_findings(reply: dict[str, Any]) -> None:
    say_lines([text.finding(found) for found in reply["findings"]])


@command("doctor", about=text.DOCTOR_HELP, show=_show_findings)
@click.argument("person", required=False, shell_complete=names.people)
def doctor(call: Settings, person: str | None) -> Any:
    from meshnode.cli.doctor_home import examine_home

    findings = examine_home(call.chosen_home())
    client = call.client()
    try:
        if person is None:
            reply = client.post("/v1/doctor")
        else:
            reply = client.get(f"/v1/doctor/{segment(named('person', person))}")
    except NotRunning as error:
        if person is not None:
            raise
        reply = {"person": None, "findings": []}
        findings.append({"code": "running", "well": False, "message": text.NO_DAEMON, "hint": error.hint})
    reply["findings"] = findings + reply["findings"]
    return reply
