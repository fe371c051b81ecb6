"""Tables: from stored scores to correlations, intervals and tests. Prints nothing.

* ``cell``: the numbers of one method on one dataset.
* ``columns``: which results stand in one column, and which of them it shows.
* ``shared_images``: the images that a column compares on.
* ``evaluation``: stored results to cells.
* ``table``: cells arranged as methods × datasets.
* ``sorting``: the order of a table's rows.
* ``copies``: columns that are one dataset under several names.
* ``averages``: average SRCC and rank over datasets.
* ``over_datasets``: methods compared on datasets as a sample of datasets.
* ``significance``: tests between methods.
* ``marks``: which methods may be the best, and their ranks.
* ``leakage``: whether a method may have seen a dataset.
* ``code``: whether scores are those of a method's present code.
* ``ratings``: the noise of a dataset's ratings, and the ceiling that it puts on correlations.
* ``resolution``: what a column can tell apart, and how many raters a row is worth.
* ``points``: scores against labels, with the fitted mapping.
* ``photographs``: the images of a stored result.
"""
