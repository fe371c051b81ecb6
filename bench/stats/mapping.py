"""Logistic mappings from a method's scores to the labels of one dataset.

A mapping removes the nonlinearity between scores and an opinion scale before PLCC or RMSE is computed, as VQEG does.
It is fitted on the dataset that it is applied to, by Levenberg-Marquardt from several starts (``starts``), of which the
one of least cost is taken: from a single start 18 of 90 five-parameter fits to published scores ended in a worse
local optimum.

Declared behaviour: a fit that does not converge, constant scores, and no more images than parameters give a mapping
without parameters that carries the reason. A curve that has collapsed to a step carries a remark. Images with tied
scores are used as they are. NaN is not checked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.stats.starts import Points, Start, best_step, binned, valleys

MAX_EVALUATIONS = 4000
"""Most evaluations before a descent counts as not converged."""

TOLERANCE = 1e-8
"""Relative change of the cost, or of the parameters, and cosine of the slope, below which a descent has converged."""
BLOCK = 8192
"""Images whose residuals are computed at once, so that all intermediate values stay in the cache."""
SEARCH = 100
"""Most evaluations of a descent that only searches for a start."""
DEEPEST = 3
"""Most valleys that a fit descends into with every image."""
CLOSE = 1.01
"""How many times the least cost another valley may cost before that descent."""

ON_SLOPE = 0.01
"""Share of the images below which too few lie on the slope of a curve to say more of it than that it is a step."""
STEEPEST = 1e-9
"""Smallest scale of the 4-parameter curve, in standard deviations of the score, where it is practically a step."""


class _Curve(Protocol):
    """A parametric curve, how much of its rise each score has passed, and its derivatives (parameters, n)."""

    name: str
    parameters: int
    line: bool

    def parameters_of(self, start: Start) -> list[float]: ...

    def passed(self, b: FloatArray, x: FloatArray) -> FloatArray: ...

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray: ...

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray: ...


class _Logistic4:
    """f(x) = (b1 - b2) / (1 + exp(-(x - b3) / abs(b4))) + b2."""

    name = "log4"
    parameters = 4
    line = False

    def parameters_of(self, start: Start) -> list[float]:
        return [start.height + start.intercept, start.intercept, start.centre, start.scale]

    def passed(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(expit((x - b[2]) / max(abs(b[3]), STEEPEST)))

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray((b[0] - b[1]) * self.passed(b, x) + b[1])

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray:
        scale = max(abs(b[3]), STEEPEST)
        d = np.empty((4, x.size))
        d[0] = g = self.passed(b, x)
        d[1] = 1 - g
        d[2] = (b[1] - b[0]) * g * d[1] / scale
        d[3] = d[2] * ((x - b[2]) / scale) * np.copysign(1.0, b[3])
        return d


class _Logistic5:
    """f(x) = b1 (1/2 - 1 / (1 + exp(b2 (x - b3)))) + b4 x + b5."""

    name = "log5"
    parameters = 5
    line = True

    def parameters_of(self, start: Start) -> list[float]:
        return [start.height, 1 / start.scale, start.centre, start.slope, start.intercept + start.height / 2]

    def passed(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(expit(b[1] * (x - b[2])))

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray(b[0] * (self.passed(b, x) - 0.5) + b[3] * x + b[4])

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray:
        g = self.passed(b, x)
        bell = b[0] * g * (1 - g)
        d = np.empty((5, x.size))
        d[0], d[1], d[2], d[3], d[4] = g - 0.5, bell * (x - b[2]), -bell * b[1], x, 1
        return d


_CURVES: dict[str, _Curve] = {"log4": _Logistic4(), "log5": _Logistic5()}


@dataclass(frozen=True)
class LogisticMapping:
    """A fitted mapping, or the reason why the fit failed.

    Attributes:
        name: ``log4`` or ``log5``.
        parameters: b1..b4 or b1..b5 for standardised scores; empty if the fit failed.
        location: mean of the oriented scores, in the score's units.
        scale: standard deviation of the oriented scores (divided by n), in the score's units.
        sign: +1 or -1, the factor that orients a raw score before it is standardised.
        reason: why the fit failed; empty if it converged.
        remark: what must be known of a fit that converged: that its curve has collapsed to a step; else empty.
    """

    name: str
    parameters: tuple[float, ...]
    location: float
    scale: float
    sign: int
    reason: str = ""
    remark: str = ""

    @property
    def converged(self) -> bool:
        """Whether the fit converged."""
        return not self.reason

    def standardise(self, scores: FloatArray) -> FloatArray:
        """Compute x = (sign * scores - location) / scale for raw scores of any shape."""
        e = -_exponent(self.scale)
        s, location, scale = (np.ldexp(values, e) for values in (scores, self.location, self.scale))
        return np.asarray((self.sign * s - location) / scale)

    def predict(self, scores: FloatArray) -> FloatArray:
        """Map raw scores of any shape to the labels' units.

        Raises:
            ValueError: the fit did not converge.
        """
        if not self.converged:
            raise ValueError(f"the {self.name} mapping cannot predict: {self.reason}")
        return _CURVES[self.name].value(np.array(self.parameters), self.standardise(scores))


def fit_logistic4(scores: FloatArray, labels: FloatArray, sign: int = 1) -> LogisticMapping:
    """Fit f(x) = (b1 - b2) / (1 + exp(-(x - b3) / abs(b4))) + b2 to the labels y by least squares.

    x is the oriented, standardised score. The curve is monotone.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        sign: +1 if the raw score should rise with the raw label, -1 if it should fall.

    Returns:
        The mapping; it carries a reason instead of parameters if the fit does not converge, n <= 4 or the scores are
        constant.

    References:
        VQEG, Final report on the validation of objective models of video quality, phase II, 2003.

    Example:
        >>> x = np.linspace(-2, 2, 50)
        >>> mapping = fit_logistic4(x, 1 + 4 / (1 + np.exp(-3 * x)))
        >>> mapping.converged, mapping.predict(np.array([0.0])).round(3)
        (True, array([3.]))
    """
    return _fit(_CURVES["log4"], scores, labels, sign)


def fit_logistic5(scores: FloatArray, labels: FloatArray, sign: int = 1) -> LogisticMapping:
    """Fit f(x) = b1 (1/2 - 1 / (1 + exp(b2 (x - b3)))) + b4 x + b5 to the labels y by least squares.

    x is the oriented, standardised score. Unlike the 4-parameter curve it need not be monotone.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        sign: +1 if the raw score should rise with the raw label, -1 if it should fall.

    Returns:
        The mapping; it carries a reason instead of parameters if the fit does not converge, n <= 5 or the scores are
        constant.

    References:
        Sheikh, Sabir, Bovik, A statistical evaluation of recent full reference image quality
        assessment algorithms, IEEE Trans. Image Processing 15(11), 2006.

    Example:
        >>> x = np.linspace(-2, 2, 50)
        >>> mapping = fit_logistic5(x, 3 + 2 * x + np.tanh(x))
        >>> mapping.converged, mapping.predict(np.array([0.0])).round(3)
        (True, array([3.]))
    """
    return _fit(_CURVES["log5"], scores, labels, sign)


def _exponent(values: ArrayLike) -> int:
    """Return the smallest e for which every magnitude is below 2**e.

    Multiplied by 2**-e, huge and tiny numbers have squares in the range of floats, and no digit changes.
    """
    return int(np.frexp(np.abs(values).max())[1])


def _fit(curve: _Curve, scores: FloatArray, labels: FloatArray, sign: int) -> LogisticMapping:
    """Standardise the scores and fit the curve; every failure becomes a reason."""
    s, y = sign * np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    # With no more images than parameters the curve can pass through every point.
    if s.size <= curve.parameters:
        return LogisticMapping(curve.name, (), 0.0, 1.0, sign, f"too few images for {curve.parameters} parameters")
    if s.min() == s.max():
        return LogisticMapping(curve.name, (), 0.0, 1.0, sign, "constant scores")
    near_one, e = np.ldexp(s, -_exponent(s)), _exponent(s)
    location, scale = (float(np.ldexp(value, e)) for value in (near_one.mean(), near_one.std()))
    if scale == 0:
        return LogisticMapping(curve.name, (), 0.0, 1.0, sign, "scores differ by less than can be computed with")
    standard = LogisticMapping(curve.name, (), location, scale, sign)
    x = standard.standardise(scores)
    b = _least_squares(curve, x, y)
    reason = "" if b else f"{curve.parameters}-parameter fit did not converge"
    return replace(standard, parameters=b, reason=reason, remark=_remark(curve, b, x) if b else "")


def _remark(curve: _Curve, b: Sequence[float], x: FloatArray) -> str:
    passed = curve.passed(np.array(b), x)
    on_slope = x[(passed > 0.05) & (passed < 0.95)]
    # A single score on the slope is fitted exactly, however steep the slope is.
    steep = on_slope.size < ON_SLOPE * x.size or np.unique(on_slope).size < 2
    # Images on one side alone are on the tail of the curve, which is not flat.
    if not steep or passed.min() > 0.05 or passed.max() < 0.95:
        return ""
    shape = "a step and a line" if curve.line else "a step"
    slope = f"{on_slope.size} of {x.size} images are on its slope"
    return f"the {curve.parameters}-parameter curve has collapsed to {shape}: {slope}"


def _least_squares(curve: _Curve, x: FloatArray, y: FloatArray) -> tuple[float, ...]:
    """Return the parameters of least cost, or an empty tuple if the fit did not converge.

    Images with tied scores are replaced by their mean label, weighted by their number. Their sum of squares around any
    curve is that of the mean times their number plus a constant, so the fit is the same and costs as much as the
    distinct scores do. The constant is kept as one more residual, so that the stopping rule is the same too.
    """
    x, group, sizes = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(group, weights=y) / sizes
    points = Points(x, means, sizes.astype(np.float64))
    rest = float(np.square(y - means[group]).sum())
    few = binned(points)
    # The valleys are descended on few points, and only the deepest ones with every image.
    ends = [_descend(curve, few, curve.parameters_of(each), rest, SEARCH).b for each in valleys(few, curve.line)]
    starts = _deepest(curve, points, rest, [*ends, np.array(curve.parameters_of(best_step(points, curve.line)))])
    fits = [_descend(curve, points, start, rest, MAX_EVALUATIONS) for start in starts]
    good = [fit for fit in fits if fit.converged and np.isfinite(fit.cost) and np.isfinite(fit.b).all()]
    return tuple(float(b) for b in min(good, key=lambda fit: fit.cost).b) if good else ()


def _deepest(curve: _Curve, points: Points, rest: float, starts: list[FloatArray]) -> list[FloatArray]:
    """Return the starts whose cost is close to the least, at most DEEPEST, each valley once."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = [float(points.weights @ (curve.value(b, points.x) - points.y) ** 2) for b in starts]
    costs = np.nan_to_num(np.array(squares) + rest, nan=np.inf)
    chosen: list[int] = []
    for place in np.argsort(costs, kind="stable").tolist():
        known = any(np.isclose(costs[place], costs[other], rtol=1e-6, atol=0) for other in chosen)
        if costs[place] <= CLOSE * costs.min() and not known:
            chosen.append(place)
    return [starts[place] for place in chosen[:DEEPEST]]


class _End(NamedTuple):
    """Where a descent ended: the parameters, the sum of squares there, and whether it is a minimum."""

    b: FloatArray
    cost: float
    converged: bool


def _descend(curve: _Curve, points: Points, start: Sequence[float] | FloatArray, rest: float, evaluations: int) -> _End:
    """Descend from a start by Levenberg-Marquardt; ``rest`` is a sum of squares that no curve changes."""
    from scipy.optimize import leastsq

    x, y, root = points.x, points.y, np.sqrt(points.weights)
    parts = [slice(start, min(start + BLOCK, x.size)) for start in range(0, x.size, BLOCK)]
    constant = np.zeros(curve.parameters)
    constant[0] = np.sqrt(rest)

    def residuals(b: FloatArray) -> FloatArray:
        found = np.empty(x.size + curve.parameters)
        for part in parts:
            np.multiply(root[part], curve.value(b, x[part]) - y[part], out=found[part])
        found[x.size :] = constant
        return found

    def slopes(b: FloatArray) -> FloatArray:
        found = np.empty((curve.parameters, x.size + curve.parameters))
        for part in parts:
            np.multiply(root[part], curve.jacobian(b, x[part]), out=found[:, part])
        found[:, x.size :] = 0
        return found

    # A trial step may leave the range of floats; the solver then rejects it.
    with np.errstate(over="ignore", invalid="ignore"):
        # Not least_squares, whose checks of each step take longer than the step.
        b, _, found, _, status = leastsq(
            residuals,
            start,
            Dfun=slopes,
            col_deriv=True,
            full_output=True,
            ftol=TOLERANCE,
            xtol=TOLERANCE,
            gtol=TOLERANCE,
            maxfev=evaluations,
        )
        return _End(b, float(found["fvec"] @ found["fvec"]), status in (1, 2, 3, 4))
