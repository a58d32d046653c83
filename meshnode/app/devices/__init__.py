"""Several devices of one person: adding and revoking them, and keeping their names and records in step."""
