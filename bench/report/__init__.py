"""The report: stored results as one page that stands alone. Reads the store and images; never runs a method."""
