"""Methods that installed packages offer, and what methods share. `bench list methods` shows them.

* ``entry_points``: importing what other packages offer.
* ``registry``: methods by name.
* ``options``: the options of a method, from text to values and back.
* ``weights``: finding, fetching and comparing weights (`bench fetch weights`, `bench inspect`).
* ``gaussian``: the Gaussian of pristine photographs' features, as a model in a file.
* ``derived``: methods over another method's features.
* ``own_ratings``: the method ``fit:NAME``, a regression of the features of NAME on somebody's ratings.
* ``rating_model``: such a regression as a file.
* ``pristine_distance``: the method ``ou:NAME``, the distance from that Gaussian in the features of NAME.
* ``functions``: methods made of a function; ``function_options``: its parameters as options.
* ``from_file``: methods of a Python file of one's own (`--plugin`).
* ``listing``: list of methods, and the record of each.
* ``argument_types``: the arguments of public functions, checked against their annotations.
* ``source_hash``: hash of a function: its source, and the values from outside that it uses.
* ``method_source``: hash of a method's code, over the modules of its package.
* ``module_code``: the code of a module and of what it imports, as far as it is not installed.
"""
