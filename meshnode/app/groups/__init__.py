"""Cells and communities: membership, invitations, and what is shown of them."""
