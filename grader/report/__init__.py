"""A graded table as one HTML page for people."""
