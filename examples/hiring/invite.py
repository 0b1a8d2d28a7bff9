"""Add a column ``Invited`` to a graded table: yes for the first candidates of a ranking.

python invite.py settled.csv ranking.csv 10 decided.csv
"""

from __future__ import annotations

import sys

import pandas as pd


def main(graded: str, ranking: str, places: str, output: str) -> None:
    """Write the graded table with the decision in it."""
    table = pd.read_csv(graded, dtype=str, keep_default_na=False)
    first = pd.read_csv(ranking).head(int(places))
    invited = table["Email Address"].isin(first["Email Address"])
    table["Invited"] = invited.map({True: "yes", False: "no"})
    table.to_csv(output, index=False)
    print("\n".join(first["Your full name"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
