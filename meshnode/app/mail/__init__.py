"""Sealed letters, what comes with them, and introductions."""
