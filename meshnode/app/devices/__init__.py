"""Several devices of one person."""
