"""Explains why something is visible, who can see it, what a change would do, and how the node is doing."""
