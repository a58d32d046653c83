"""The node: storage, network, local API and command line around the pure `protocol` package."""

__version__ = "0.1.0"

CONTRACT = 1
"""The version of the JSON contract (docs/cli.md). It grows when a field goes or changes its meaning, not when one comes."""
