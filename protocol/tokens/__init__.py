"""Text that one person hands to another: cards and device codes."""
