"""Publishes what the owner says of themselves: certificates, policy, profile, places and sharing preference."""
