"""Other people: vouches, cards, introductions and blocks."""
