"""`status`, `peers` and `doctor`: how the node is doing."""

from __future__ import annotations

import time
from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import command, named, settings
from meshnode.errors import NotRunning


@command("status")
@click.pass_context
def status(context: click.Context) -> None:
    """Is it ready, whom has it met, what is wrong."""
    reply = settings(context).client().get("/v1/status")
    if settings(context).json:
        output.as_json(reply)
        return
    person = reply["person"]
    output.say(f" ({person['id'][:11]})", title=person["name"])
    output.say(_readiness(reply))
    if reply["addresses"]:
        announced = "announced on the local network" if reply["announcing"] else "not announced"
        output.say(f"Listening at {', '.join(reply['addresses'])}, {announced}.")
    output.say(f"Connected to {_company(reply['peers'])}. {_count(reply['records'], 'record')} here.")
    if reply["devices"]:
        output.say(f"Your other devices: {', '.join(reply['devices'])}.")
    if reply["pending"]:
        output.say(f"{_count(reply['pending'], 'card')} waiting until your nodes meet.")
    if reply["alerts"]:
        came = "1 listing has" if reply["alerts"] == 1 else f"{reply['alerts']} listings have"
        output.say(f"{came} come that you watch for; 'meshnode news' shows them.")
    for problem in reply["problems"]:
        output.say(f"! {problem['message']}; {problem['hint']}")
    if not reply["problems"]:
        output.say("Nothing is wrong.")


@command("peers")
@click.pass_context
def peers(context: click.Context) -> None:
    """The connections of this moment."""
    reply = settings(context).client().get("/v1/peers")
    if settings(context).json:
        output.as_json(reply)
        return
    now = int(time.time())
    output.table(
        ("name", "id", "address", "direction", "since", "state"),
        [
            (
                _whose(peer),
                peer["id"][:11],
                peer["address"],
                "called" if peer["dialed"] else "answered",
                output.ago(max(0, now - peer["since"])),
                "live" if peer["live"] else "exchanging",
            )
            for peer in reply["peers"]
        ],
        empty="Connected to nobody at this moment; 'meshnode doctor' looks for the usual causes.",
    )


@command("doctor")
@click.argument("person", required=False, shell_complete=names.people)
@click.pass_context
def doctor(context: click.Context, person: str | None) -> None:
    """Look for the usual causes of trouble, or for why PERSON is not met."""
    from meshnode.cli.doctor_home import examine_home

    findings = examine_home(settings(context).place())
    path = "/v1/doctor" if person is None else f"/v1/doctor/{segment(named('person', person))}"
    try:
        reply = settings(context).client().get(path)
    except NotRunning as error:
        if person is not None:
            raise
        reply = {"person": None, "findings": []}
        findings.append({"code": "running", "well": False, "message": "No daemon runs here", "hint": error.hint})
    reply["findings"] = findings + reply["findings"]
    if settings(context).json:
        output.as_json(reply)
        return
    for finding in reply["findings"]:
        hint = f"; {finding['hint']}" if finding["hint"] else ""
        output.say(f"{'ok' if finding['well'] else '! '} {finding['message']}{hint}")


def _readiness(reply: dict[str, Any]) -> str:
    return "Ready." if reply["ready"] else "Starting."


def _company(met: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(_whose(peer) for peer in met))
    return ", ".join(names) if names else "nobody"


def _whose(peer: dict[str, Any]) -> str:
    return f"{peer['name']} ({peer['device']})" if peer["device"] else str(peer["name"])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
