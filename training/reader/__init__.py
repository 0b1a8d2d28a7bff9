"""The reader: one network that reads an answer once, with all claims of a rubric beside it."""
