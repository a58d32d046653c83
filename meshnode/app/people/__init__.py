"""People: vouching, cards, blocks and introductions."""
