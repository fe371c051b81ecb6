"""Readers that turn a dataset card and a folder into labelled samples."""
