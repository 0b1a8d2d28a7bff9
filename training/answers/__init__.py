"""Whole answers with the verdict of every claim: what teaches and tests the reader."""
