"""Tables in and out. Knows no grader."""
