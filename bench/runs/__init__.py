"""Runs: from images and methods to stored scores."""
