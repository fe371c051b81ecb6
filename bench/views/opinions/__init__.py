"""``bench table --opinions``: what the spread of people's ratings says of methods."""
