"""`bench fit --features`: regressions from a method's frozen features to MOS.

* ``features``: features of images, computed once and kept.
* ``data``: the datasets to fit on and to predict.
* ``regression``: ridge or support vector regression, its strength chosen by cross-validation.
* ``fitting``: one regression for each split, and its predictions into the store.
* ``mos``: regressions from a method's features to MOS, fitted and stored.
* ``own``: one regression on all of somebody's ratings, written to a file.
* ``pristine``: parameters of a method, fitted on pristine photographs.
"""
