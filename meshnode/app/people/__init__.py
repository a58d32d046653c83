"""Handles other people: vouches, cards, introductions and blocks."""
