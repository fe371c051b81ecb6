"""``bench table --style cross``: fitted on one dataset, tested on others."""
