"""`status`, `peers` and `doctor`: whether the node works, and why not."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import apart, names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, command, named
from meshnode.cli.daily import status as daily
from meshnode.cli.request import CALL_SECONDS
from meshnode.errors import MeshnodeError, NotRunning
from meshnode.text import node as text
from meshnode.text.peer import summary

OF_RUNNING = frozenset({"ready", "listening", "announcing", "company"})  # findings about a node that runs


@command("status", about=text.STATUS_HELP)
def status(call: Settings) -> Any:
    return call.daily(daily)


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
    output.say_lines([text.finding(found) for found in reply["findings"]])


@command("doctor", about=text.DOCTOR_HELP, show=_show_findings)
@click.argument("person", required=False, shell_complete=names.people)
def doctor(call: Settings, person: str | None) -> Any:
    from meshnode.cli.doctor_home import examine_home

    findings = examine_home(call)
    try:
        if person is None:
            reply = call.client().post("/v1/doctor")
        else:
            reply = call.client().get(f"/v1/doctor/{segment(named('person', person))}")
    except NotRunning as error:
        if person is not None:
            raise
        findings.append({"code": "running", "well": False, "message": text.NO_DAEMON, "hint": error.hint})
        reply = _look_apart(call)
    reply["findings"] = findings + reply["findings"]
    return reply


def _look_apart(call: Settings) -> dict[str, Any]:
    """Return what is found in the store of a node that does not run, without what only a running node can tell."""
    try:
        reply: dict[str, Any] = apart.client(call, patience=CALL_SECONDS).get("/v1/doctor")  # it was waited for already
    except MeshnodeError as error:
        found = [] if isinstance(error, NotRunning) else [_store(error)]
        return {"person": None, "findings": found}
    reply["findings"] = [found for found in reply["findings"] if found["code"] not in OF_RUNNING]
    return reply


def _store(error: MeshnodeError) -> dict[str, Any]:
    return {"code": "store", "well": False, "message": error.message, "hint": error.hint}
