"""What one node holds and how it decides: the circle of people, the judge, the one write door, what peers are served."""
