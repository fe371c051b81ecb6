"""Stored scores → numbers: cells, averages, significance, leaks. Nothing is printed here."""
