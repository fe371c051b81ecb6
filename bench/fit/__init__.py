"""``bench fit --features``: regressions from a method's features to MOS."""
