"""Figures of stored results and training logs; nothing is computed here that the store or a log does not have."""
