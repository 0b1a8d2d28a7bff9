"""``python -m grader`` is the command ``grade``."""

from grader.cli.main import run

if __name__ == "__main__":
    run()
