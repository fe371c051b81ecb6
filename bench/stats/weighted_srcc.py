"""SRCC of bootstrap samples without ranking each sample: images are sorted once.

The plain way takes the images of every sample and ranks them again, for ``counts`` (n,) of one sample:

    taken = np.repeat(np.arange(n), counts)
    srcc = pearson(ranks(scores[taken]), ranks(labels[taken]))

This module computes the same values faster (``benchmarks/bootstrap_speed.py``), in time and memory that grow with n.

A sample is a vector of counts c. With the images sorted by score, the deviation of a mid-rank from the mean follows
from sums of counts, and so does that of the label's. Four times the covariance of the ranks is

    sum over i of 2 d_i c_i (2 C_i - c_i),

where C_i is the sum of the counts up to image i in the order of the scores, and d_i the deviation of the label's rank,
whose sum over a sample is zero. Besides each image's own part, which no order changes, this is four times the sum of
c_i d_j c_j over all images i that come before j. Neighbours are joined in pairs, these again in pairs, and so on: the
counts of the first of two times the deviations of the second are what their order adds; then both are one, with the sum
of their counts and deviations. Counts and deviations of a number of samples lie side by side, packed into one integer,
so that going through the images in the order of a method's scores costs one access to memory for all these samples.

Images with tied scores count as one image with the sum of their counts and deviations. Where most images are tied, sums
over the groups take the place of all this. Otherwise images are first taken in any order; what this changes is the
difference of both ways for the tied images alone, because all other pairs of images are the same in both.

All these sums consist of whole numbers, which double precision represents exactly up to 200,000 images: nothing is
rounded before the last division.

Declared behaviour: ties get mid-ranks; a sample with constant scores or labels is NaN; the input must be finite, which
is not checked here.
"""

from __future__ import annotations

import threading
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
SUMMED = 1024
"""Images that are summed by tie groups at once, in double precision."""
MOSTLY = 0.5
"""Share of tied images above which a method's images are summed by tie groups."""
RUN = 32
"""Images in a row that are joined in pairs, a power of two; beyond, what comes before is summed one by one."""

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
        parts = [self._of(counts[start : start + COLUMNS], unit_of) for start in starts]
        return np.concatenate(parts, axis=1)

    def _of(self, counts: Counts, unit_of: NDArray[np.intp]) -> FloatArray:
        """Return the SRCC (methods, draws) for counts (draws, units) and the unit of each image in label order."""
        samples, label_squares = self._labels.samples(_turned(counts).take(unit_of, axis=0))
        result = np.empty((len(self._methods), len(counts)))
        for row, method in zip(result, self._methods, strict=True):
            product, cubes = method.sums(samples)
            norm = np.sqrt(_rank_squares(samples.totals, cubes) * label_squares)
            with np.errstate(invalid="ignore", divide="ignore"):
                row[:] = np.where(norm > 0, product / 4 / norm, np.nan)
        return np.clip(result, -1.0, 1.0)


def _turned(rows: Counts) -> Counts:
    """Transpose an array, part by part, so that what is read and written stays in the cache."""
    turned = np.empty(rows.shape[::-1], dtype=rows.dtype)
    for start in range(0, len(turned), BLOCK):
        turned[start : start + BLOCK] = rows[:, start : start + BLOCK].T
    return turned


class _Samples(NamedTuple):
    """Bootstrap samples side by side.

    Attributes:
        packed: (n + 1, draws), by image in label order: the count times twice the deviation of the label's rank, and in
            the lowest bits the count. The last row is zero.
        bits: how many bits the count has.
        whole: how many images in a row can be joined in 32 bits.
        totals: (draws,) number of images in each sample.
        cubes: (draws,) sum of the cubed counts.
        products: (draws,) sum of the squared counts times the doubled deviations.
    """

    packed: Integers
    bits: int
    whole: int
    totals: FloatArray
    cubes: FloatArray
    products: FloatArray

    def of(self, images: NDArray[np.intp]) -> tuple[Integers, Integers]:
        """Return counts, and counts times doubled deviations, both (some images, draws)."""
        values = self.packed.take(images, axis=0, mode="clip")
        counts = values & ((1 << self.bits) - 1)
        values >>= self.bits
        return counts, values


class _Labels:
    """The order and the tie groups of the labels, which give the label ranks of every sample."""

    def __init__(self, labels: FloatArray) -> None:
        self.order = np.argsort(labels, kind="stable")
        self._group, last = tie_groups(labels[self.order])
        self._groups = _Groups(np.diff(last, prepend=-1))
        self._held = threading.local()

    def _room(self, draws: int, kind: type[np.signedinteger]) -> Integers:
        """Return memory for packed samples (n + 1, draws), the same for every call of a thread: new memory is slow."""
        held: Integers | None = getattr(self._held, "memory", None)
        size = (self.order.size + 1) * draws
        if held is None or held.dtype != kind or held.size < size:
            held = self._held.memory = np.empty(size, dtype=kind)
        return held[:size].reshape(-1, draws)

    def samples(self, counts: Counts) -> tuple[_Samples, FloatArray]:
        """Pack samples, given as counts (n, draws) in label order; and return the label ranks' sums of squares."""
        n, draws = counts.shape
        totals = counts.sum(axis=0, dtype=np.int64)
        most, total = int(counts.max()), int(totals.max())
        bits = most.bit_length()
        # Twice a deviation is at most the total.
        kind: type[np.signedinteger] = np.int32 if total * most << bits < 2**31 else np.int64
        deviations = np.empty((int(self._group[-1]) + 1, draws), dtype=kind)
        cubes, products, label_cubes, passed = np.zeros((4, draws))
        done = 0
        for groups in self._groups.sums(_powers(counts)):
            sizes, squares = groups[:, :draws], groups[:, draws : 2 * draws]
            of_groups = 2 * _passed(sizes, passed) - sizes - totals
            deviations[done : done + len(groups)] = of_groups
            products += _products(squares, of_groups)
            cubes += groups[:, 2 * draws :].sum(axis=0)
            label_cubes += _products(sizes * sizes, sizes)
            passed += sizes.sum(axis=0)
            done += len(groups)
        packed = self._room(draws, kind)
        packed[n] = 0
        for start in range(0, n, BLOCK):
            values, taken = packed[start : min(start + BLOCK, n)], counts[start : start + BLOCK]
            deviations.take(self._group[start : start + BLOCK], axis=0, out=values, mode="clip")
            values *= taken
            values <<= bits
            values |= taken
        # What m images in a row add by their order is at most half the total times their squared count.
        joined = (m for m in (RUN, 16, 8, 4, 2) if kind is np.int32 and total * (m * most) ** 2 < 2**32)
        samples = _Samples(packed, bits, next(joined, 1), totals.astype(np.float64), cubes, products)
        return samples, _rank_squares(samples.totals, label_cubes)


def _powers(counts: Counts) -> Iterator[FloatArray]:
    """Yield counts (n, draws), their squares and their cubes side by side, (SUMMED, 3 draws) at a time."""
    for start in range(0, len(counts), SUMMED):
        once = counts[start : start + SUMMED].astype(np.float64)
        squares = once * once
        yield np.concatenate([once, squares, squares * once], axis=1)


class _ScoreOrder:
    """The order of one method's scores, given in label order, and their tie groups."""

    def __init__(self, scores: FloatArray) -> None:
        order = np.argsort(scores, kind="stable")
        group, last = tie_groups(scores[order])
        sizes = np.diff(last, prepend=-1)
        tied = order[sizes[group] > 1]
        grouped = tied.size > MOSTLY * order.size
        self._images = order if grouped else tied
        self._groups = _Groups(sizes if grouped else sizes[sizes > 1])
        self._sequences = None if grouped else (_Sequence(order, order.size), _Sequence(tied, order.size))

    def sums(self, samples: _Samples) -> tuple[FloatArray, FloatArray]:
        """Return four times the covariance of the ranks and the sum of cubed sizes of tie groups, (draws,) each."""
        product, cubes = self._of_groups(samples)
        if self._sequences is None:
            return product, cubes
        every, tied = self._sequences
        own, own_cubes = self._singly(samples)
        apart = every.pairs(samples) - tied.pairs(samples)
        return samples.products + 2 * apart + (product - own), samples.cubes + (cubes - own_cubes)

    def _of_groups(self, samples: _Samples) -> tuple[FloatArray, FloatArray]:
        """Return both sums over the images in tie groups as if there were no others."""
        draws = samples.totals.size
        product, cubes, passed = np.zeros((3, draws))
        for groups in self._groups.sums(self._blocks(samples)):
            sizes, deviations = groups[:, :draws], groups[:, draws:]
            product += _products(2 * _passed(sizes, passed) - sizes, deviations)
            cubes += _products(sizes * sizes, sizes)
            passed += sizes.sum(axis=0)
        return product, cubes

    def _singly(self, samples: _Samples) -> tuple[FloatArray, FloatArray]:
        """Return of the same what each image adds by itself."""
        draws = samples.totals.size
        product, cubes = np.zeros((2, draws))
        for values in self._blocks(samples):
            counts, deviations = values[:, :draws], values[:, draws:]
            product += _products(counts, deviations)
            cubes += _products(counts * counts, counts)
        return product, cubes

    def _blocks(self, samples: _Samples) -> Iterator[FloatArray]:
        """Yield counts, and beside them counts times doubled deviations, (some images, 2 draws)."""
        for start in range(0, self._images.size, SUMMED):
            yield np.concatenate(samples.of(self._images[start : start + SUMMED]), axis=1, dtype=np.float64)


class _Sequence:
    """Images in an order, laid out so that the second half of a block has the successors of the first."""

    def __init__(self, order: NDArray[np.intp], empty: int) -> None:
        blocks = -(-order.size // BLOCK)
        runs = -(-order.size // max(1, blocks * RUN))
        padded = np.full(blocks * runs * RUN, empty)
        padded[: order.size] = order
        # Halves of halves: of the place in a run, the lowest bit becomes the highest.
        places = np.arange(RUN).reshape([2] * (RUN.bit_length() - 1)).T.ravel()
        self._blocks = padded.reshape(blocks, runs, RUN)[:, :, places].swapaxes(1, 2).reshape(blocks, runs * RUN)

    def pairs(self, samples: _Samples) -> FloatArray:
        """Sum, over all images before another, the count of the first times the deviations of the second (draws,)."""
        total, before = np.zeros((2, samples.totals.size))
        for images in self._blocks:
            counts, deviations, inside = _joined(*samples.of(images), samples.whole)
            total += inside
            total += _products(_passed(counts, before) - counts, deviations)
            before += counts.sum(axis=0)
        return total


def _joined(counts: Integers, deviations: Integers, whole: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Join the images of each run (RUN * runs, draws).

    Returns:
        Counts and deviations of each run (runs, draws), and what the order inside runs adds (draws,).
    """
    c: NDArray[Any] = counts
    d: NDArray[Any] = deviations
    inside: NDArray[Any] | None = None
    size = 1
    while size < RUN:
        if size == whole:
            c, d = c.astype(np.float64), d.astype(np.float64)
            inside = None if inside is None else inside.astype(np.float64)
        half = len(c) // 2
        between = c[:half] * d[half:]
        if inside is not None:
            between += inside[:half]
            between += inside[half:]
        inside = between
        c, d = c[:half] + c[half:], d[:half] + d[half:]
        size *= 2
    added = np.zeros(c.shape[1:]) if inside is None else inside.sum(axis=0, dtype=np.float64)
    return c.astype(np.float64, copy=False), d.astype(np.float64, copy=False), added


class _Groups:
    """Tie groups of images in order, given by their sizes (groups,)."""

    def __init__(self, sizes: NDArray[np.intp]) -> None:
        from scipy.sparse import csr_array

        ends = np.cumsum(sizes)
        n = int(sizes.sum())
        self._parts = []
        for start in range(0, n, SUMMED):
            stop = min(start + SUMMED, n)
            first, last = np.searchsorted(ends, [start, stop], side="right")
            bounds = np.concatenate([[start], ends[first:last], [stop]]) - start
            # Sums of rows as a product with ones: as add.reduceat, but several times as fast.
            ones, columns = np.ones(stop - start), np.arange(stop - start, dtype=np.int32)
            self._parts.append(csr_array((ones, columns, bounds), shape=(bounds.size - 1, stop - start)))

    def sums(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Yield the sums over groups (some groups, columns), given (SUMMED, columns) for each SUMMED images."""
        left: FloatArray | float = 0.0
        for part, values in zip(self._parts, blocks, strict=True):
            # The last row is what the block has of a group that goes on, zero where none does.
            sums = part @ values
            sums[0] += left
            left = sums[-1]
            yield sums[:-1]


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


def _products(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the sum of the products of two arrays, column by column."""
    # Not by a matrix product, whose own threads would wait for each other.
    return np.asarray(np.einsum("ik,ik->k", a, b))


def _passed(counts: FloatArray, before: FloatArray) -> FloatArray:
    """Return the sum of the counts up to each row, after what was before."""
    passed = np.cumsum(counts, axis=0)
    passed += before
    return passed


def _rank_squares(total: FloatArray, cubes: FloatArray) -> FloatArray:
    """Return the sum of squared deviations of mid-ranks: (N^3 - sum of t^3) / 12 over tie groups of t images.

    The smallest value above 0, for one image apart from all others, is N (N - 1) / 4. A value below half of that is the
    rounding error of a sample whose images are all tied, with more than 200,000 images.
    """
    squares = (total**3 - cubes) / 12
    return np.where(squares < total**2 / 8, 0.0, squares)
