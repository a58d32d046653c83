"""What two people agree about a listing, and what is counted of it."""
