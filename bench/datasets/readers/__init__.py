"""Readers of label files and folders."""
