"""Sealed letters from one person to another, what they contain, and the exchanges that their moves make."""
