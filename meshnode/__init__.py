"""The node: storage, network, local API and command line around the pure `protocol` package."""

__version__ = "0.1.0"
