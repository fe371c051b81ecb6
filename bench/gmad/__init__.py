"""`bench gmad`: pairs of images on which two methods differ most. The contest is group maximum differentiation.

* ``pairs``: choosing pairs by scores.
* ``contest``: two stored methods on one dataset, judged by its labels.
* ``output``: a contest as records and as text.
* ``figure``: a contest as a contact sheet.
* ``run``: contest of two stored methods on one dataset.
"""
