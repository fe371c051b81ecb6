"""Beginnings of methods and datasets of one's own, to be completed. Serves `bench new`.

* ``method``: a package with a method, its test and its workflow.
* ``dataset``: a card of what is found in a folder.
* ``template``: the files of such a package.
"""
