"""Decides whom to connect with, and runs the conversation with each other node."""
