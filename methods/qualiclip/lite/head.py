"""From features to cosines with the prompts, on numpy's arrays and torch's tensors alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

_BOUND = 6.0  # standard deviations; a feature farther out says no more


def coordinates(texts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the prompts by their coordinates (2K, 2K) in the space that they span, unit length.

    These are the rows of the Cholesky factor of the products of the texts (2K, D).

    Raises:
        numpy.linalg.LinAlgError: the texts are not linearly independent.
    """
    wide = texts.astype(np.float64)
    return np.linalg.cholesky(wide @ wide.T).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Head:
    """A linear map of standardised features into the space of prompts.

    Attributes:
        centre: (F,), mean of every feature over training images.
        spread: (F,), their standard deviations.
        weight: (2K, F).
        bias: (2K,).
        prompts: (2K, 2K), positive and negative in turn, unit length.
    """

    centre: Any
    spread: Any
    weight: Any
    bias: Any
    prompts: Any

    def cosines(self, features: Any) -> Any:
        """Return the cosines (..., K, 2) of features (..., F) to the positive and the negative prompts."""
        xp = array_namespace(features)
        standard = xp.clip((features - self.centre) / self.spread, -_BOUND, _BOUND)
        vectors = standard @ self.weight.T + self.bias + xp.mean(self.prompts, axis=0)
        vectors = vectors / xp.linalg.vector_norm(vectors, axis=-1, keepdims=True)
        cosines = vectors @ self.prompts.T
        return xp.reshape(cosines, (*cosines.shape[:-1], -1, 2))
