"""The listings this node may show, kept in memory so that searches read no disk."""
