"""The web of trust: people, cards, vouches and blocks, and why somebody is seen."""
