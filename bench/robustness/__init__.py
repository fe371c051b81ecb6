"""Robustness and invariance of scores (``bench robustness``, ``bench invariance``)."""
