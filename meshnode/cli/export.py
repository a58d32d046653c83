"""`export`: everything that is yours, as one document."""

from __future__ import annotations

import json
from typing import Any

from meshnode.cli import apart, output
from meshnode.cli.command import Settings, command
from meshnode.text import program as text


def _show(reply: Any) -> None:
    output.script(json.dumps(reply, indent=2))


@command("export", about=text.EXPORT_HELP, show=_show)
def export(call: Settings) -> Any:
    return apart.client(call).get("/v1/export")
