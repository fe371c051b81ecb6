"""``bench robustness``, ``bench invariance``: scores under degradations and harmless changes."""
