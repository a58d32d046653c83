"""Carries out exchanges, in which two people agree about a listing, and counts them."""
