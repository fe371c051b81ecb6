"""SRCC of resampled images, from counts over an order that is sorted once.

A draw is a vector of counts, how often each image was taken. Its SRCC needs no re-ranking: with
the images presorted by score, weighted mid-ranks follow from sums of counts. For tie groups in
score order with counts w and weighted label-rank deviations q (whose sum is zero), the covariance
of the ranks is

    sum over i of (w_1 + ... + w_{i-1} + w_i / 2 - N / 2) q_i  =  1/2 sum over i < j of (w_i q_j - q_i w_j),

and that antisymmetric sum splits: what two neighbouring groups contribute to all others is what
their union contributes. Merging neighbours pairwise therefore gives it in O(n), by operations
that run over whole arrays of draws.

All of these sums are of whole numbers and halves, which double precision holds exactly up to
200,000 images: nothing is rounded before the last division.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray
from bench.stats.resampling import Counts


class WeightedSRCC:
    """The scores of several methods and the labels of the same images, sorted and ready to be resampled."""

    def __init__(self, scores: FloatArray, labels: FloatArray) -> None:
        """Sort scores (methods, n) and labels (n,), finite."""
        self._labels = _Labels(labels)
        self._trees = [_ScoreTree(row, self._labels.order) for row in scores]

    def srcc(self, units: NDArray[np.intp], draws: Iterable[Counts], size: int) -> FloatArray:
        """Correlate every method on each draw.

        Args:
            units: (n,) the unit that each image belongs to.
            draws: arrays (some draws, units) of how often a unit was taken, ``size`` draws in all.
            size: number of draws.

        Returns:
            (methods, size) in -1..1; NaN where scores or labels of a draw are constant.
        """
        n = units.size
        w, q = np.empty((2, n, size))
        total, label_squares = np.empty((2, size))
        unit_of, start = units[self._labels.order], 0
        for counts in draws:
            taken = counts.astype(np.float64).take(unit_of, axis=1)
            part = slice(start, start + len(taken))
            deviations, label_squares[part] = self._labels.deviations(taken)
            w[:, part], q[:, part] = taken.T, (taken * deviations).T
            total[part] = taken.sum(axis=1)
            start = part.stop
        untied = _cubes(w)
        result = np.empty((len(self._trees), size))
        for row, tree in zip(result, self._trees, strict=True):
            sums = tree.gather(w)
            cubes = untied if tree.untied else _cubes(sums)
            norm = np.sqrt(_rank_squares(total, cubes) * label_squares)
            with np.errstate(invalid="ignore", divide="ignore"):
                row[:] = np.where(norm > 0, _antisymmetric(sums, tree.gather(q)) / norm, np.nan)
        return np.clip(result, -1.0, 1.0)


class _Labels:
    """The labels' order and tie groups, from which every draw's label ranks follow."""

    def __init__(self, labels: FloatArray) -> None:
        self.order = np.argsort(labels, kind="stable")
        self.group, self.last = tie_groups(labels[self.order])

    def deviations(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted mid-ranks minus their mean, (draws, n) in label order, and their sums of squares."""
        ends = np.cumsum(counts, axis=1).take(self.last, axis=1)
        sizes = ends.copy()
        sizes[:, 1:] -= ends[:, :-1]
        total = ends[:, -1]
        middle = ends - sizes / 2 - total[:, None] / 2
        return middle.take(self.group, axis=1), _rank_squares(total, np.einsum("kg,kg->k", sizes * sizes, sizes))


class _ScoreTree:
    """The order in which one method's images are gathered so that halves of an array are neighbours."""

    def __init__(self, scores: FloatArray, label_order: NDArray[np.intp]) -> None:
        from scipy.sparse import csr_array

        scores = scores[label_order]
        order = np.argsort(scores, kind="stable")
        group, last = tie_groups(scores[order])
        slots = _merge_order(last.size)
        self.untied = last.size == scores.size
        if self.untied:
            self.rows = order[slots]
            return
        slot_of = np.empty_like(slots)
        slot_of[slots] = np.arange(last.size)
        self.sums: Any = csr_array((np.ones(scores.size), (slot_of[group], order)), shape=(last.size, scores.size))

    def gather(self, images: FloatArray) -> FloatArray:
        """Sum an (n, draws) array over tie groups, into the order of merging: (groups, draws)."""
        return np.asarray(images.take(self.rows, axis=0) if self.untied else self.sums @ images)


def tie_groups(ordered: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the tie group of each sorted value and the last position of each group."""
    new = np.diff(ordered) != 0
    return np.concatenate([[0], np.cumsum(new)]), np.append(np.flatnonzero(new), ordered.size - 1)


def _merge_order(size: int) -> NDArray[np.intp]:
    """Which sorted position stands at each place so that ``_antisymmetric`` merges neighbours only."""
    if size == 1:
        return np.zeros(1, dtype=np.intp)
    half, odd = divmod(size, 2)
    # Only the last parent can be an odd row, which is why the others start at even positions.
    first = 2 * _merge_order(half + odd)
    return np.concatenate([first[:half], first[:half] + 1, first[half:]])


def _antisymmetric(w: FloatArray, q: FloatArray) -> FloatArray:
    """Half the sum over i < j of w_i q_j - q_i w_j, for each column; overwrites both arrays.

    Row k and row k + half are neighbours in score order (see ``_merge_order``), as is an odd last
    row with the row of its turn.
    """
    total = np.zeros(w.shape[1])
    size = len(w)
    while size > 1:
        half, odd = divmod(size, 2)
        left, right = slice(0, half), slice(half, 2 * half)
        total += np.einsum("kb,kb->b", w[left], q[right])
        total -= np.einsum("kb,kb->b", q[left], w[right])
        for values in (w, q):
            values[left] += values[right]
            values[half : half + odd] = values[2 * half : size]
        size = half + odd
    return total / 2


def _cubes(w: FloatArray) -> FloatArray:
    """Sum of cubed counts of each column."""
    return np.asarray(np.einsum("kb,kb->b", w * w, w))


def _rank_squares(total: FloatArray, cubes: FloatArray) -> FloatArray:
    """Sum of squared deviations of mid-ranks: (N^3 - sum of t^3) / 12 over tie groups of t images.

    The smallest value that is not 0, one image apart from all others, is N (N - 1) / 4. What is
    below half of that is the rounding, past 200,000 images, of a draw whose images are all tied.
    """
    squares = (total**3 - cubes) / 12
    return np.where(squares < total**2 / 8, 0.0, squares)
