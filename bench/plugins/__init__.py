"""Plugins: finding methods, their options and their weights."""
