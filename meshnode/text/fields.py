"""Lists the names of fields, and the reasons for which the protocol refuses a value that a person typed.

`protocol.InvalidField` carries them as English templates, since the protocol knows no language. They are listed here, so that
the catalogs have them; a test compares the list with the protocol's source.
"""

from __future__ import annotations

from meshnode.text.catalog import message

FIELDS = (
    message("about"),
    message("address"),
    message("audience"),
    message("available from"),
    message("available until"),
    message("category"),
    message("language"),
    message("letter"),
    message("message"),
    message("name"),
    message("photos"),
    message("precision"),
    message("promised"),
    message("quantity"),
    message("return by"),
    message("tag"),
    message("tags"),
    message("text"),
    message("title"),
    message("unit"),
    message("urgency"),
)

REASONS = (
    message("must be a language tag such as de or pt-BR"),
    message("must be a number"),
    message("must be an IPv4 or IPv6 address"),
    message("must be from {least} to {most}"),
    message("must be more than 0, and at most {most}"),
    message("must be on one line"),
    message("must be one of {words}"),
    message("must be text"),
    message("must be that of one machine"),
    message("must be yes or no"),
    message("must differ from each other"),
    message("must have at least {shortest} characters"),
    message("must have at most three decimals"),
    message("must not be empty"),
    message("must not be longer than {longest} characters (it has {length})"),
    message("must not be more than {most}"),
    message("must not be so long: shorten it"),
    message("must not begin or end with white space"),
    message("must not begin with an invisible character: delete character {place} ({code})"),
    message("must not come before available from"),
    message("must not have an invisible character where it has no effect: delete character {place} ({code})"),
    message("must not have characters that turn the direction of writing: delete character {place} ({code})"),
    message("must not have code points that can never be characters: delete character {place} ({code})"),
    message("must not have control characters: delete character {place} ({code})"),
    message("must not have invisible characters: delete character {place} ({code})"),
    message("must not have more than {most} invisible characters in a row: delete character {place} ({code})"),
    message("is for what has a quantity"),
    message("is for what is lent"),
    message("is not valid Unicode: delete character {place} ({code})"),
)
