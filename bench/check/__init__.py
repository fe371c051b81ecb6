"""`bench check`: are the numbers still those of the reference files?

* ``reference``: reading and writing reference files.
* ``contract``: what every method promises, for the tests of a method's package.
* ``compare``: one record now against one then.
* ``power``: the smallest regression that the rule for correlations finds.
* ``verdicts``: the stored results against a reference.
* ``output``: verdicts as text, JSON, JUnit XML and GitHub annotations.
* ``against``: a method's code now and at a revision, by a paired test.
* ``at_revision``: the command line with the code of a revision.
* ``run``: comparison of stored or fresh results with reference files, and updates of these files.
"""
