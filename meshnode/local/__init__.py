"""Holds what the owner's two doors to the node share, the API and the page: how use cases are run, and the events."""
