"""Pairs of candidates whose answers share more than chance: a reason to look, not a verdict."""
