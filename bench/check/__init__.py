"""``bench check``: score again and say which numbers moved from their references."""
