"""``bench overlap``: images that two datasets share."""
