"""The sentences that people read, apart from the code that decides which of them is said.

Every sentence is a template with named placeholders and passes `catalog.message` or `catalog.plural`, so that a message
catalog can translate all of them in one place. The command line takes its texts from here, and a page can share them.
Nothing of ours is imported here, and little of the standard library: a command must start at once.
"""
