"""The public Python API: what ``import bench`` offers. The command line is written on it.

* ``run``, ``score``, ``load``: scoring into the store, without storing, and with a method that stays loaded.
* ``results``: stored results with their tables and figures, and ``pages`` of them; ``stored``: those of a store.
* ``listing``: the methods and datasets that there are.
* ``arguments``: from a caller's arguments to those of the layers below.
* ``wording``: errors that name parameters where the command line names options.
"""
