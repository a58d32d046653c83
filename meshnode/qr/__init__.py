"""Draws QR codes, and reads them in pictures: for the cards that people hand to each other."""
