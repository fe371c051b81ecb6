"""Scores and labels: simulated ones, and published ones where they lie beside the checkout."""

import csv

import lacking
import numpy as np
import pytest


def noisy(n, seed=0, noise=1.0, ties=False):
    """Scores and labels that agree somewhat."""
    random = np.random.default_rng(seed)
    labels = random.normal(size=n)
    scores = labels + noise * random.normal(size=n)
    return (np.round(scores), np.round(labels)) if ties else (scores, labels)


def published_folder():
    """Where per-image scores of published models lie, in a checkout that has them beside it."""
    if lacking.REAL_DATA.path is None:
        pytest.skip(lacking.REAL_DATA.reason)
    return lacking.SHARED / "data" / "published_scores"


def published_table(dataset):
    """Scores of all 15 models (15, n), and the MOS."""
    with (published_folder() / f"qbench_{dataset}.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    labels, *scores = np.array([row[1:] for row in rows], dtype=float).T
    return np.stack(scores), labels


def published(dataset, model):
    with (published_folder() / f"qbench_{dataset}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row[model]) for row in rows]), np.array([float(row["mos"]) for row in rows])
