"""The version of grader, alone in a file so that nothing else need be imported."""

__version__ = "0.2.0"
