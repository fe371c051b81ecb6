"""Datasets: from an id, a path or a URL to labelled images. `bench list datasets`, `doctor` and `fetch dataset`.

* ``dataset``: a dataset once it is read: samples, labels, splits.
* ``protocol``: the split, the resize policy and the MOS that a score belongs to.
* ``card``: what a dataset card (TOML) can say.
* ``catalogue``: reading cards and finding them by name.
* ``roots``: the folders in which datasets lie.
* ``resolve``: from what a user writes to a dataset.
* ``readers``: label tables and folders of images.
* ``sample_set``: the embedded dataset ``sample``.
* ``equal_files``: equal image files under several names.
* ``doctor``: checking a copy of a dataset.
* ``fetch_plan``: what fetching a dataset needs, checked before anything is written.
* ``fetch``: fetching and unpacking it.
"""
