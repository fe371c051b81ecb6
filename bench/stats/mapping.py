"""Logistic mappings from a method's scores to the labels of one dataset.

A mapping removes the nonlinearity between scores and an opinion scale before PLCC or RMSE is computed, as VQEG does.
It is fitted on the dataset that it is applied to, by Levenberg-Marquardt from a fixed start.

Declared behaviour: a fit that does not converge, constant scores, and no more images than parameters give a mapping
without parameters that carries the reason. Images with tied scores are used as they are. NaN is not checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.api import FloatArray

MAX_EVALUATIONS = 4000
"""Most evaluations before a fit counts as not converged. The slowest of 180 fits to published scores took 1,878."""

STEEPEST = 1e-9
"""Smallest scale of the 4-parameter curve, in standard deviations of the score, where it is practically a step."""


class _Curve(Protocol):
    """A parametric curve and its derivatives with respect to its parameters."""

    name: str
    parameters: int

    def start(self, y: FloatArray) -> list[float]: ...

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray: ...

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray: ...


class _Logistic4:
    """f(x) = (b1 - b2) / (1 + exp(-(x - b3) / abs(b4))) + b2."""

    name = "log4"
    parameters = 4

    def start(self, y: FloatArray) -> list[float]:
        return [float(y.max()), float(y.min()), 0.0, 0.25]

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray((b[0] - b[1]) * expit((x - b[2]) / max(abs(b[3]), STEEPEST)) + b[1])

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        scale = max(abs(b[3]), STEEPEST)
        z = (x - b[2]) / scale
        g = expit(z)
        slope = (b[0] - b[1]) * g * (1 - g) / scale
        return np.stack([g, 1 - g, -slope, -slope * z * np.copysign(1.0, b[3])], axis=1)


class _Logistic5:
    """f(x) = b1 (1/2 - 1 / (1 + exp(b2 (x - b3)))) + b4 x + b5."""

    name = "log5"
    parameters = 5

    def start(self, y: FloatArray) -> list[float]:
        return [float(np.ptp(y)), 1.0, 0.0, 0.1, float(y.mean())]

    def value(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(b[0] * (0.5 - expit(-b[1] * (x - b[2]))) + b[3] * x + b[4])

    def jacobian(self, b: FloatArray, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        h = expit(-b[1] * (x - b[2]))
        bell = b[0] * h * (1 - h)
        return np.stack([0.5 - h, bell * (x - b[2]), -bell * b[1], x, np.ones_like(x)], axis=1)


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
    """

    name: str
    parameters: tuple[float, ...]
    location: float
    scale: float
    sign: int
    reason: str = ""

    @property
    def converged(self) -> bool:
        """Whether the fit converged."""
        return not self.reason

    def standardise(self, scores: FloatArray) -> FloatArray:
        """Compute x = (sign * scores - location) / scale for raw scores of any shape."""
        return (self.sign * np.asarray(scores, dtype=np.float64) - self.location) / self.scale

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

    x is the oriented, standardised score; the fit starts at (max y, min y, 0, 0.25). The curve is monotone.

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

    x is the oriented, standardised score; the fit starts at (range y, 1, 0, 0.1, mean y). Unlike the 4-parameter curve
    it need not be monotone.

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


def _fit(curve: _Curve, scores: FloatArray, labels: FloatArray, sign: int) -> LogisticMapping:
    """Standardise the scores and fit the curve; every failure becomes a reason."""
    s, y = sign * np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    # With no more images than parameters the curve can pass through every point.
    if s.size <= curve.parameters:
        return LogisticMapping(curve.name, (), 0.0, 1.0, sign, f"too few images for {curve.parameters} parameters")
    with np.errstate(over="ignore", invalid="ignore"):
        location, scale = float(s.mean()), float(s.std())
    if np.ptp(s) == 0 or not 0 < scale < np.inf:
        return LogisticMapping(curve.name, (), 0.0, 1.0, sign, "constant scores")
    b = _least_squares(curve, (s - location) / scale, y)
    reason = "" if b else f"{curve.parameters}-parameter fit did not converge"
    return LogisticMapping(curve.name, b, location, scale, sign, reason)


def _least_squares(curve: _Curve, x: FloatArray, y: FloatArray) -> tuple[float, ...]:
    """Return the fitted parameters, or an empty tuple if the fit did not converge.

    Images with tied scores are replaced by their mean label, weighted by their number. Their sum of squares around any
    curve is that of the mean times their number plus a constant, so the fit is the same and costs as much as the
    distinct scores do. The constant is kept as one more residual, so that the stopping rule is the same too.
    """
    from scipy.optimize import least_squares

    x, group, sizes = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(group, weights=y) / sizes
    root = np.sqrt(sizes)
    rest = np.zeros(curve.parameters)
    rest[0] = np.sqrt(np.square(y - means[group]).sum())

    def residuals(b: FloatArray) -> FloatArray:
        return np.append(root * (curve.value(b, x) - means), rest)

    def jacobian(b: FloatArray) -> FloatArray:
        return np.append(root[:, None] * curve.jacobian(b, x), np.zeros((rest.size, rest.size)), axis=0)

    # A trial step may leave the range of floats; the solver then rejects it.
    with np.errstate(over="ignore", invalid="ignore"):
        fit = least_squares(
            residuals,
            curve.start(y),
            jac=jacobian,
            method="lm",
            x_scale="jac",
            max_nfev=MAX_EVALUATIONS,
        )
    good = fit.status > 0 and np.isfinite(fit.cost) and np.isfinite(fit.x).all()
    return tuple(float(b) for b in fit.x) if good else ()
