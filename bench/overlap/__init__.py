"""`bench overlap`: images that two datasets share.

* ``hashing``: perceptual hashes of a dataset's images.
* ``near``: near-duplicates among hashes.
* ``names``: numbers and names that both datasets have.
* ``compare``: both together, for two datasets.
* ``across_splits``: images that the splits of one dataset share.
* ``output``: shared images as text, CSV or JSON.
* ``run``: images that two datasets share, given by ids or paths.
"""
