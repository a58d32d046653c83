"""The five commands that people type daily, which take half the time that others take.

`status`, `discover`, `news`, `inbox` and `people` have a file each, with its question to the daemon and the way in which the
answer is shown. The commands made with click
use both, and `call` does too, without click, where it fully understands what was typed.

Nothing here may import click, nor what takes long itself. That concerns `typing` too, so everything that is imported from
here says `TYPE_CHECKING = False`, which type checkers take for true. A test holds what is imported.
"""
