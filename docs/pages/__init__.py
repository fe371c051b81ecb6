"""Pages of the documentation that are made of the code and the data: commands, Python, methods, datasets, gallery.

``docs/conf.py`` writes them to ``docs/generated`` whenever the documentation is built.
"""
