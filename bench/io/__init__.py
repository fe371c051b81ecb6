"""Bytes in and out: images, archives, downloads, whole writes. Knows no dataset and no method."""
