"""Parcels: what is carried to others without a network, and taken in from them."""
