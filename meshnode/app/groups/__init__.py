"""Handles cells and communities: membership, invitations, and who sees which members."""
