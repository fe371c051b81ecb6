"""Studies: a file that says what is measured, and what shows it.

* ``file``: the keys of a study's file.
* ``plan``: the results that a study needs, and which of them are stored.
* ``outputs``: the keys of the files to write; ``write``: writing them.
* ``run``: computing what is missing, and writing tables and figures. Serves `bench run STUDY.toml`.
* ``status``: what is done, what is missing, and what it lacks. Serves `bench status`.
"""
