"""Datasets: cards, label readers, folders, downloads and checks of copies."""
