"""Writes, opens and acknowledges sealed letters."""
