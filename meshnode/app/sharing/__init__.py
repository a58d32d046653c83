"""Who can see what: the preference, places, and looking ahead."""
