"""Handles the several devices of one person: adds and revokes them, and keeps their names and records in step."""
