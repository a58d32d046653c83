"""Posts, changes, ends and renews the owner's offers and needs."""
