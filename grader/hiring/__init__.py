"""From a graded table to decisions on candidates."""
