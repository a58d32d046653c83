"""Finds what others share: searches, news, saved searches (watches) and hidden listings."""
