"""Offers and needs, from posting to expiry."""
