"""`bench robustness`, `bench invariance`: scores under distortion and irrelevant changes.

* ``derived``: images made of photographs, kept in the cache.
* ``degraded``: photographs under degradations, as a dataset.
* ``levels``: whether scores follow the levels of degradations, and the mean curves.
* ``levels_view``: that as Markdown, CSV and JSON.
* ``figure``: the curves as a figure.
* ``variants``: changes that should not matter: flips, crops, file formats.
* ``invariance``: how far scores move under them.
* ``audit``: scoring all variants.
* ``invariance_view``: the audit as Markdown, CSV and JSON.
* ``run``: measurements of methods on photographs.
"""
