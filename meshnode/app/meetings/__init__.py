"""Meetings: two machines on one network connect because a person says a word code aloud."""
