"""The command line: outermost, imported by nothing."""
