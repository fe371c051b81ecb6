"""Readers of datasets: label files to rows, rows to labels, names to image files.

* ``formats``: which suffix which function reads; a new format is a line there.
* ``text``: CSV and other text; what a table is, and checks of its cells.
* ``large_text``: large tables of plain text, column by column.
* ``excel``: workbooks.
* ``json_table``: JSON files.
* ``matlab``: MATLAB files.
* ``isolated``: running a reader in a process of its own.
* ``labels``: a card's label tables to rows.
* ``whose``: choosing among several folders by the names of datasets.
* ``reading``: what a user says of how a dataset is to be read.
* ``rows``: rows to names, labels and attributes.
* ``index``: finding image files by name.
* ``problems``: faults of a copy, as sentences.
* ``with_card``: a dataset with a card.
* ``own_table``: the columns of a user's own CSV, and the files of its images.
* ``local``: a user's own folder, CSV or image.
"""
