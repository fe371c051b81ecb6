"""Regressions from a method's features to MOS (``bench fit --features``)."""
