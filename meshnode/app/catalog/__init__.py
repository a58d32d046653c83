"""Keeps in memory the listings that this node may show, so that searches read no disk."""
