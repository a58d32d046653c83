"""Writes the identity key down as words that a person can keep on paper or with friends, and reads them back."""
