"""Finds the error of ours in the groups that nurseries wrap around it: it says in words why the node has stopped."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from meshnode.errors import Failed, MeshnodeError, StorageFailed, of_system

log = logging.getLogger(__name__)


def cause_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return our error out of the groups that nurseries wrap around it; for any other, log it and return Failed.

    A failed disk goes first: it makes other things fail too, such as removing the socket of the local API.
    """
    errors = list(_all_errors(group))
    ours = [error for error in errors if isinstance(error, MeshnodeError)]
    for kind in (StorageFailed, MeshnodeError):
        for error in ours:
            if isinstance(error, kind):
                return error
    log.critical("the node stopped after an error", exc_info=group)
    if isinstance(errors[0], OSError):
        return of_system(errors[0])
    return Failed("the node stopped after an error ({kind})", "its log shows more", kind=type(errors[0]).__name__)


def _all_errors(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, each followed by the error during whose handling it came up."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _all_errors(one)
    else:
        yield error
    if error.__context__ is not None and not error.__suppress_context__:
        yield from _all_errors(error.__context__)
