"""Runs: methods score datasets, and the scores are stored. Serves `bench run`, `score`, `import` and `results`.

* ``loading``: from names and options to loaded methods.
* ``scoring``: scoring images, in one process or several.
* ``runner``: methods × datasets into the store.
* ``store``: the folder of stored results.
* ``entry``: one stored result, with typed access to its sidecar.
* ``importing``: scores that somebody else computed, as stored results.
* ``monitoring``: SRCC with people's scores while a method is trained.
* ``speed``: images a second of a stored result.
"""
