"""`bench pick`: which method to use on some photographs, and what that rests on.

* ``measure``: simple measured statistics of photographs, and how alike two sets are by them.
* ``evidence``: agreement of methods with people on rated datasets, stored or published.
* ``choose``: speed, agreement, licence and the choice.
* ``rate``: the photographs on which a rating by people would tell most.
* ``output``: all of it as text, CSV or JSON.
"""
