"""Columns of the Parquet file of an entry: image, score, error, mos and what else the labels say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.datasets.dataset import Sample
from bench.runs import checksums
from bench.runs.journal import Outcome


class LabelColumns:
    """The columns that all methods on the same samples share, converted once.

    Attributes:
        images: names of the samples.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        import pandas as pd
        import pyarrow as pa

        attributes = dict.fromkeys(name for sample in samples for name in sample.attributes)
        self.images = [sample.name for sample in samples]
        columns: dict[str, Any] = {
            "image": self.images,
            "score": np.full(len(samples), np.nan),
            "error": None,
            "mos": [sample.mos for sample in samples],
            **{name: [sample.attributes.get(name, math.nan) for sample in samples] for name in attributes},
        }
        frame = pd.DataFrame(columns, index=range(len(samples)))
        frame = frame.astype({"score": "float64", "mos": "float64", "error": "string"})
        self._table = pa.Table.from_pandas(frame, preserve_index=False)

    def to_parquet(self, scores: FloatArray, errors: Sequence[str | None]) -> bytes:
        """Return the Parquet file of a method.

        Args:
            scores: (samples,) NaN where there is none.
            errors: what is wrong where there is none.
        """
        import pyarrow as pa

        table = self._table
        for name, values in (("score", np.asarray(scores, dtype=np.float64)), ("error", errors)):
            field = table.schema.field(name)
            column = pa.array(values, type=field.type, from_pandas=True)
            table = table.set_column(table.schema.get_field_index(name), field, column)
        return checksums.to_parquet(table)

    def outcomes_to_parquet(self, outcomes: Sequence[Outcome]) -> bytes:
        """Return the Parquet file of outcomes, one a sample."""
        scores = np.array([outcome.score for outcome in outcomes], dtype=np.float64)
        return self.to_parquet(scores, [outcome.error for outcome in outcomes])
