"""Regression checks: stored results against a committed reference (``bench check``)."""
