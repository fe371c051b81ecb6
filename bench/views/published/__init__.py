"""``bench table --published``: published correlations beside ours."""
