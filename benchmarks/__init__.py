"""Every number in the README is printed by a script here."""
