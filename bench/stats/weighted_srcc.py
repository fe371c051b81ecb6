"""SRCC of bootstrap samples without ranking each sample: images are sorted once.

The plain way takes the images of every sample and ranks them again, for ``counts`` (n,) of one sample:

    taken = np.repeat(np.arange(n), counts)
    srcc = pearson(ranks(scores[taken]), ranks(labels[taken]))

This module computes the same values faster (``benchmarks/bootstrap_speed.py``), in time and memory that grow with n.

A sample is a vector of counts c. With the images sorted by score, the deviation of a mid-rank from the mean follows
from sums of counts, and so does that of the label's. Four times the covariance of the ranks is

    sum over i of 2 d_i c_i (2 C_i - c_i),

where C_i is the sum of the counts up to image i in the order of the scores, and d_i the deviation of the label's rank,
whose sum over a sample is zero. Counts and deviations of a number of samples lie side by side, packed into one integer,
so that going through the images in the order of a method's scores costs one access to memory for all these samples.
Images with tied scores are first taken in any order; what this changes is put right by going through them alone.

All these sums consist of whole numbers, which double precision represents exactly up to 200,000 images: nothing is
rounded before the last division.

Declared behaviour: ties get mid-ranks; a sample with constant scores or labels is NaN; the input must be finite, which
is not checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray
from bench.stats.resampling import Counts

COLUMNS = 32
"""Bootstrap samples that lie side by side: at 4 bytes each, two lines of the processor's cache."""
BLOCK = 4096
"""Images that are summed at once, so that all intermediate values stay in the cache."""
ROW = 65_536
"""Images times samples whose labels are ranked at once."""

Integers = NDArray[np.signedinteger]


class WeightedSRCC:
    """SRCC of several methods on bootstrap samples of the same images.

    Args:
        scores: (methods, n) scores, finite.
        labels: (n,) labels, finite.

    Example:
        >>> scores, labels, counts = np.array([[1.0, 3.0, 2.0, 4.0]]), np.arange(4.0), np.array([2, 1, 0, 1])
        >>> WeightedSRCC(scores, labels).srcc(np.arange(4), [counts[None]])
        array([[1.]])
    """

    def __init__(self, scores: FloatArray, labels: FloatArray) -> None:
        self._labels = _Labels(labels)
        self._methods = [_ScoreOrder(row[self._labels.order]) for row in scores]

    def srcc(self, units: NDArray[np.intp], draws: Iterable[Counts]) -> FloatArray:
        """Compute the SRCC of every method on each bootstrap sample.

        Args:
            units: (n,) number of the resampled unit (image or cluster) that each image belongs to.
            draws: arrays (some draws, units) of counts of each unit.

        Returns:
            (methods, draws) in -1..1; NaN if the scores or labels of a sample are constant.
        """
        unit_of, counts = units[self._labels.order], np.concatenate(list(draws))
        starts = range(0, len(counts), COLUMNS)
        parts = [self._of(counts[start : start + COLUMNS].take(unit_of, axis=1)) for start in starts]
        return np.concatenate(parts, axis=1)

    def _of(self, counts: Counts) -> FloatArray:
        """Return the SRCC (methods, draws) for counts (draws, n) of the images in label order."""
        samples, label_squares = self._labels.samples(counts)
        result = np.empty((len(self._methods), len(counts)))
        for row, method in zip(result, self._methods, strict=True):
            product, cubes = method.sums(samples)
            norm = np.sqrt(_rank_squares(samples.totals, cubes) * label_squares)
            with np.errstate(invalid="ignore", divide="ignore"):
                row[:] = np.where(norm > 0, product / 4 / norm, np.nan)
        return np.clip(result, -1.0, 1.0)


class _Samples(NamedTuple):
    """Bootstrap samples side by side.

    Attributes:
        packed: (n, draws), by image in label order: twice the deviation of the label's rank, and in the lowest bits the
            count.
        bits: how many bits the count has.
        totals: (draws,) number of images in each sample.
        cubes: (draws,) sum of the cubed counts.
        products: (draws,) sum of the squared counts times the doubled deviations.
    """

    packed: Integers
    bits: int
    totals: FloatArray
    cubes: FloatArray
    products: FloatArray

    def blocks(self, order: NDArray[np.intp]) -> Iterator[tuple[Integers, Integers]]:
        """Yield counts, and counts times doubled deviations, both (draws, some images), in an order of images."""
        for start in range(0, order.size, BLOCK):
            values = np.ascontiguousarray(self.packed.take(order[start : start + BLOCK], axis=0, mode="clip").T)
            counts = values & ((1 << self.bits) - 1)
            values >>= self.bits
            values *= counts
            yield counts, values


class _Labels:
    """The order and the tie groups of the labels, which give the label ranks of every sample."""

    def __init__(self, labels: FloatArray) -> None:
        self.order = np.argsort(labels, kind="stable")
        self.group, self.last = tie_groups(labels[self.order])

    def samples(self, counts: Counts) -> tuple[_Samples, FloatArray]:
        """Pack samples, given as counts (draws, n) in label order; and return the label ranks' sums of squares."""
        draws, n = counts.shape
        totals = counts.sum(axis=1, dtype=np.int64)
        bits = int(counts.max()).bit_length()
        # Twice a deviation is at most the total.
        kind: type[np.signedinteger] = np.int32 if int(totals.max()) << bits < 2**31 else np.int64
        packed = np.empty((n, draws), dtype=kind)
        rows = np.empty((draws, n), dtype=kind)
        cubes, products, squares = np.empty((3, draws))
        step = max(1, ROW // n)
        for start in range(0, draws, step):
            part = slice(start, start + step)
            taken: Integers = counts[part].astype(kind)
            ends: Integers = np.cumsum(taken, axis=1, dtype=kind).take(self.last, axis=1)
            sizes: Integers = np.diff(ends, axis=1, prepend=0).astype(kind, copy=False)
            deviations: Integers = (2 * ends - sizes - ends[:, -1:]).take(self.group, axis=1)
            np.add(deviations << bits, taken, out=rows[part])
            cubes[part] = _products(taken * taken, taken)
            products[part] = _products(taken * taken, deviations)
            squares[part] = _rank_squares(totals[part].astype(np.float64), _cubes(sizes))
        for start in range(0, n, BLOCK):
            packed[start : start + BLOCK] = rows[:, start : start + BLOCK].T
        return _Samples(packed, bits, totals.astype(np.float64), cubes, products), squares


class _ScoreOrder:
    """The order of one method's scores, given in label order, and their tie groups of several images."""

    def __init__(self, scores: FloatArray) -> None:
        self.order = np.argsort(scores, kind="stable")
        group, last = tie_groups(scores[self.order])
        sizes = np.diff(last, prepend=-1)
        self.tied = self.order[sizes[group] > 1]
        self.ends = np.cumsum(sizes[sizes > 1])

    def sums(self, samples: _Samples) -> tuple[FloatArray, FloatArray]:
        """Return four times the covariance of the ranks and the sum of cubed sizes of tie groups, (draws,) each."""
        product = np.zeros(samples.totals.size)
        before: Integers = np.zeros(product.size, dtype=samples.packed.dtype)
        for counts, deviations in samples.blocks(self.order):
            counts[:, 0] += before
            passed = np.cumsum(counts, axis=1, dtype=counts.dtype)
            before = passed[:, -1]
            product += _products(passed, deviations)
        ties, cubes = self._ties(samples)
        return 2 * product - samples.products + ties, samples.cubes + cubes

    def _ties(self, samples: _Samples) -> tuple[FloatArray, FloatArray]:
        """Return what both sums lack while the images of a tie group are taken one after the other."""
        draws, start = samples.totals.size, 0
        change, cubes = np.zeros((2, draws))
        # Sums of counts and of deviations before the block, and at the end of the last tie group before it.
        before = at_end = np.zeros((2, draws, 1), dtype=np.int64)
        for counts, deviations in samples.blocks(self.tied):
            passed = np.stack([np.cumsum(each, axis=1, dtype=np.int64) for each in (counts, deviations)])
            passed += before
            stop = start + counts.shape[1]
            first, last = np.searchsorted(self.ends, [start, stop], side="right")
            groups = np.concatenate([at_end, passed.take(self.ends[first:last] - 1 - start, axis=2)], axis=2)
            sizes, sums = groups[:, :, 1:] - groups[:, :, :-1]
            change += _products(groups[0, :, 1:] + groups[0, :, :-1], sums)
            change -= _products(2 * passed[0] - counts, deviations)
            cubes += _cubes(sizes) - _cubes(counts)
            before, at_end, start = passed[:, :, -1:], groups[:, :, -1:], stop
        return change, cubes


def tie_groups(ordered: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the tie groups of sorted values.

    Args:
        ordered: (n,) values in rising order.

    Returns:
        (n,) number of the tie group of each value, from 0; and the last position of each group (groups,).

    Example:
        >>> tie_groups(np.array([1.0, 2.0, 2.0, 5.0]))
        (array([0, 1, 1, 2]), array([0, 2, 3]))
    """
    new = np.diff(ordered) != 0
    return np.concatenate([[0], np.cumsum(new)]), np.append(np.flatnonzero(new), ordered.size - 1)


def _products(a: NDArray[Any], b: NDArray[Any]) -> FloatArray:
    """Return the sum of the products of two arrays, row by row."""
    # Not by a matrix product, whose own threads would wait for each other.
    return np.asarray(np.einsum("ki,ki->k", a, b, dtype=np.float64, casting="safe"))


def _cubes(values: NDArray[np.generic]) -> FloatArray:
    """Return the sum of the cubes of each row."""
    exact = values.astype(np.float64)
    return _products(exact * exact, exact)


def _rank_squares(total: FloatArray, cubes: FloatArray) -> FloatArray:
    """Return the sum of squared deviations of mid-ranks: (N^3 - sum of t^3) / 12 over tie groups of t images.

    The smallest value above 0, for one image apart from all others, is N (N - 1) / 4. A value below half of that is the
    rounding error of a sample whose images are all tied, with more than 200,000 images.
    """
    squares = (total**3 - cubes) / 12
    return np.where(squares < total**2 / 8, 0.0, squares)
