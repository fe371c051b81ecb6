"""``bench gmad``: the images on which two methods differ most."""
