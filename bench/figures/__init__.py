"""Figures: nothing is computed here that a log or the store does not say."""
