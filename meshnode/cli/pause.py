"""`pause` and `resume`: away, with all posts hidden, and back. Both work without a daemon too."""

from __future__ import annotations

from typing import Any

from meshnode.cli import apart, output
from meshnode.cli.command import Settings, command
from meshnode.text import pause as text


def _show(reply: dict[str, Any]) -> None:
    output.say_lines(text.done(reply))


@command("pause", about=text.PAUSE_HELP, show=_show)
def pause(call: Settings) -> Any:
    return apart.client(call).put("/v1/pause", away=True)


@command("resume", about=text.RESUME_HELP, show=_show)
def resume(call: Settings) -> Any:
    return apart.client(call).put("/v1/pause", away=False)
