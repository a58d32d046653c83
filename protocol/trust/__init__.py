"""Trust and consent: vouches, paths, groups, and the one rule that says who may have what."""
