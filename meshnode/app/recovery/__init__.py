"""Lets the owner come back when all their devices are lost: by recovery words, or by friends who keep shares of the key."""
