"""Finding methods, their options and their weights; ``ou:NAME`` over any method's features."""
