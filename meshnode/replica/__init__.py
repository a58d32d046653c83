"""Decides what one node holds and passes on: trust state, access policy, ingest, authoring and served sets."""
