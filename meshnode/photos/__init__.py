"""Photos of listings: made small, and stripped of all but the picture, by a child process that can do nothing else."""
