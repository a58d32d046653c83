"""Lets Click say its own words, such as "Usage:", in the language of this call.

Click takes `gettext` and `ngettext` from the standard library, which would look for compiled catalogs of the process's one
language. Each of its modules has them by name, so they are replaced there; where nobody speaks another language than
English, they stay.
"""

from __future__ import annotations

import sys

from meshnode.text.command_line import gettext, ngettext

_REPLACED = {"_": gettext, "ngettext": ngettext}


def translate() -> None:
    """Replace them in every module of Click that is loaded."""
    for name, module in list(sys.modules.items()):
        if name.startswith("click."):
            names = vars(module)
            names.update({each: function for each, function in _REPLACED.items() if callable(names.get(each))})
