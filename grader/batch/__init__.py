"""Tables of answers: reading, grading, writing."""
