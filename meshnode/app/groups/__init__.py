"""Cells and communities: founding, inviting, joining and leaving."""
