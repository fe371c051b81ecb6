"""From an id, a path or a URL to a ``Dataset``: cards, label readers, splits, fetching."""
