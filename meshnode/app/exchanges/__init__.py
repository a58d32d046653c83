"""What two people agree about a listing, and the counts of it."""
