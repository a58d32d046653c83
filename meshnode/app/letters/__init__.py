"""Sealed letters: writing, opening and acknowledging them."""
