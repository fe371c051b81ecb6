"""`bench plot`: figures of stored results and of training logs. Computes no statistic of its own.

* ``style``: the style of all figures, and saving them.
* ``scatter``: scores against labels, and residuals.
* ``correlation``: SRCC between methods, as a matrix.
* ``significance``: tests between methods as a matrix, and rankings.
* ``speed``: SRCC against images a second.
* ``training``: losses and validation of a training run.
* ``plots``: the kinds of ``bench plot``, each from stored results.
"""
