"""Lets systemd keep the node running: the units, and how they are installed, removed and looked at."""
