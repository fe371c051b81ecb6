"""`bench report` and `bench site`: the stored results as one HTML page that stands alone, or as a site. Runs no method.

* ``data``: everything that the page shows.
* ``leaderboard``: the table of methods and datasets.
* ``points``: scores against labels, image by image.
* ``disagreements``: images on which a method and people disagree most.
* ``duels``: pairs of images on which two methods differ most.
* ``robustness``: mean score against the level of a distortion.
* ``pictures``: small pictures, embedded in the page.
* ``provenance``: what stands behind every number.
* ``page``: the page itself.
* ``photographs``: the page of `bench score --html`.
* ``ranking``: the first screen: methods in order, with intervals and published rows.
* ``links``: to papers and code, and between the parts of a report.
* ``slugs``: names as parts of addresses and of names of files.
* ``write``: stored results as one page in a file.
* ``site``: stored results as a site of several pages.
"""
