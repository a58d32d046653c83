"""Turns the vectors of sessions into questions: each side of a session is asked for the frames that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Case = dict[str, Any]


def session_cases(held: Any) -> Iterator[tuple[str, str, Case, Case]]:
    """Yield for each case its name, the operation, the input, and the right answer."""
    for case in held["sessions"]:
        for initiator, mark in ((True, "<"), (False, ">")):
            yield (
                case["case"],
                "play",
                _side(held, case, initiator=initiator),
                {"ok": {"sent": [frame[2:] for frame in case["frames"] if frame[0] not in {mark, *_OWN_STEPS}]}},
            )
    for case in [*held["overdue"], *held["answered"], *held["refused"]]:
        talk = next(talk for talk in held["sessions"] if talk["case"] == case["session"])
        given = _side(held, talk, initiator=case["to"] == "initiator")
        given["steps"] = _first_frames(given["steps"], case["after_frames"])
        for step in case["steps"]:
            if "one_by_one" in step:
                given["steps"] += [{"receive": step["receive"]}] * step["one_by_one"]
                continue
            given["steps"].append({"receive": step["receive"] * step.get("times", 1)} if "receive" in step else step)
        if "says" in case:
            sent = [*_sent_before(talk, "<>"[case["to"] == "initiator"], case["after_frames"]), *case["says"]]
            yield case["why"], "play", given, {"ok": {"sent": sent}}
        else:
            yield case["why"], "play", given, {"refused": case["code"]}


def _sent_before(talk: Case, mark: str, received: int) -> list[str]:
    """Return the frames that the side with this mark sends before it has received one more frame than so many."""
    sent = []
    for line in talk["frames"]:
        if line[0] == mark:
            sent.append(line[2:])
        elif line[0] not in _OWN_STEPS:
            received -= 1
            if received < 0:
                break
    return sent


_OWN_STEPS = {"!": "publish", "?": "again", "*": "fetch"}


def _side(held: Any, case: Case, *, initiator: bool) -> Case:
    """Return what one side of a session is given, and what it receives."""
    who, other = ("initiator", "responder") if initiator else ("responder", "initiator")
    steps: list[Case] = []
    for line in case["frames"]:
        mark, data = line.split()
        if mark in _OWN_STEPS:
            if case["publisher"] == who:
                steps.append({_OWN_STEPS[mark]: data})
        elif (mark == "<") == initiator:
            if steps and "receive" in steps[-1]:
                steps[-1]["receive"].append(data)
            else:
                steps.append({"receive": [data]})
        else:
            steps.append({})
    return {
        "initiator": initiator,
        "handshake_hash": held["handshake_hash"],
        "remote_static": held[f"{other}_dh_public"],
        "wall": held["wall"],
        "stratum": held["stratum"],
        "run": held["run"],
        "side": case[who],
        "photo": case.get("photo"),
        "steps": [step for step in steps if step],
    }


def _first_frames(steps: list[Case], count: int) -> list[Case]:
    """Return the steps up to the given number of frames received."""
    kept: list[Case] = []
    for step in steps:
        frames = step.get("receive", [])
        if "receive" in step and not count:
            break
        kept.append({"receive": frames[:count]} if frames else step)
        count -= min(count, len(frames))
    return kept
