"""Offers and needs from posting to their end."""
