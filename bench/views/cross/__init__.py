"""``bench table --style cross``: regressions fitted on one dataset and tested on others, beside the other methods."""
