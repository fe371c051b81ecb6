"""``bench explain``: where in a photograph a method sees what its score says."""
