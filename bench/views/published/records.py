"""``bench table --published`` as records, unrounded."""

from __future__ import annotations

from typing import Any

from bench.views.published.agreement import TOLERANCE, PublishedComparison, PublishedPair


def record(one: PublishedComparison) -> dict[str, Any]:
    """Return the record of a published row and a result of ours; what was not run has one too."""
    cell, row = one.cell, one.published
    return {
        "method": row.method,
        "dataset": row.dataset,
        "resolution": row.resolution,
        "split": row.split,
        "trained_on": list(row.trained_on),
        "plcc_mapping": row.plcc_mapping,
        "source": row.source,
        "verified": row.verified,
        "state": one.state,
        "differs": [str(piece) for piece in one.differing],
        "not_told": [str(piece) for piece in one.untold],
        "our_method": one.label if cell else None,
        "our_version": cell.row.version if cell else None,
        "our_fingerprint": cell.row.fingerprint if cell else None,
        "our_dataset": cell.dataset.id if cell else None,
        "our_protocol": str(cell.protocol) if cell else None,
        "our_key": cell.entry.key if cell else None,
        "n": cell.correlations.n if cell else None,
        **_numbers("srcc", one.srcc),
        "srcc_low": cell.interval.low if cell else None,
        "srcc_high": cell.interval.high if cell else None,
        "srcc_deviates": one.srcc.deviates,
        **_numbers("plcc", one.plcc),
        "plcc_deviates": one.plcc.deviates,
        "tolerance": TOLERANCE,
    }


def _numbers(name: str, pair: PublishedPair) -> dict[str, Any]:
    return {
        f"{name}_theirs": pair.theirs.value if pair.theirs else None,
        f"{name}_ours": pair.ours,
        f"{name}_difference": pair.difference,
        f"{name}_reason": pair.reason,
    }
