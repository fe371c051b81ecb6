"""References of the datasets and methods of a table: ``bench cite``.

* ``bibtex``: one BibTeX entry, read and written.
* ``papers``: the papers that are known here (``papers.bib``), and which of them a citation means.
* ``citation``: what a dataset or a method asks to be cited.
* ``run``: the references of names or of stored results, as BibTeX or as text.
"""
