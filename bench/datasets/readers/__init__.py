"""Readers of label files and image folders: one module for each form of labels."""
