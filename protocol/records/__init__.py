"""Records: signed single-author registers, and one file for each kind of body."""
