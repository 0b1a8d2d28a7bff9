"""A question and an answer to a grade, offline. No judge, no table."""
