"""Reference files: results of methods on a dataset, one JSON file for each dataset, kept in git.

``DIR/<dataset>.json`` has sorted keys and one image a line, so that a diff shows which scores moved. It is believed no
more than other input: size, types and finiteness are checked before anything is compared with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from bench.check.compare import Record
from bench.datasets.protocol import Protocol
from bench.errors import UsageError, did_you_mean
from bench.io.atomic import output_file
from bench.io.visible import quoted

FORMAT = 1
FOLDER = Path("results/reference")
MAX_BYTES = 64 * 2**20
"""Largest file that is read or written: the scores of about a hundred methods on 10,000 images."""


@dataclass(frozen=True)
class Update:
    """Why a reference is what it is.

    Attributes:
        date: ISO 8601, UTC.
        reason: in the words of who updated it.
        methods: labels of the methods whose records were written.
        versions: of the packages that their scores were computed with.
        device: that networks ran on.
    """

    date: str
    reason: str
    methods: tuple[str, ...]
    versions: Mapping[str, str]
    device: str


@dataclass(frozen=True)
class Reference:
    """Results of methods on a dataset, and their history."""

    dataset: str
    records: tuple[Record, ...]
    history: tuple[Update, ...]


def names(folder: Path) -> list[str]:
    """Return the datasets that a folder has references of."""
    return sorted(unquote(path.stem) for path in folder.glob("*.json") if not path.name.startswith("."))


def path_of(folder: Path, dataset: str) -> Path:
    """Return the file of a dataset's reference; no id leads out of the folder."""
    return folder / f"{quote(dataset, safe='').replace('.', '%2E')}.json"


def read(folder: Path, dataset: str) -> Reference:
    """Read the reference of a dataset.

    Raises:
        UsageError: there is none, or it is damaged; names what is wrong.
    """
    path = path_of(folder, dataset)
    if dataset not in names(folder):
        raise UsageError(
            f"{folder} has no reference of {quoted(dataset)}.{did_you_mean(dataset, names(folder))} "
            f"Write one with `bench check ID --reference {folder} --update --reason TEXT`."
        )
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes, over the limit of {MAX_BYTES:,}")
        found = _reference(json.loads(path.read_bytes()))
        if found.dataset != dataset:
            raise ValueError(f"it is of {quoted(found.dataset)}")
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise UsageError(f"{path} is not a valid reference ({what}): restore it from git") from None


def write(folder: Path, reference: Reference) -> Path:
    """Write a reference in place of the old one, and return its path.

    Raises:
        UsageError: it is larger than what would be read again, or the folder cannot be written.
    """
    path = path_of(folder, reference.dataset)
    data = (json.dumps(_as_json(reference), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
    if len(data) > MAX_BYTES:
        raise UsageError(
            f"the reference of {quoted(reference.dataset)} would have {len(data):,} bytes, over the limit of "
            f"{MAX_BYTES:,}: "
            "choose fewer methods with --method"
        )
    with output_file(path, "--reference") as temporary:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
    return path


def updated(old: Reference, records: Iterable[Record], update: Update) -> Reference:
    """Return a reference with some records put in place of those of the same method and protocol.

    The update joins the history if a record is another than before; else the reference comes back as it was.
    """
    before = {record.key: record for record in old.records}
    new = {record.key: record for record in records if before.get(record.key) != record}
    if not new:
        return old
    methods = tuple(sorted({method for method, _ in new}))
    kept = sorted((before | new).values(), key=lambda r: (r.method, str(r.protocol)))
    return replace(old, records=tuple(kept), history=(*old.history, replace(update, methods=methods)))


def _as_json(reference: Reference) -> dict[str, Any]:
    records = [{**asdict(record), "protocol": record.protocol.as_json()} for record in reference.records]
    return {"format": FORMAT, **asdict(reference), "records": records}


def _reference(data: Any) -> Reference:
    if data["format"] != FORMAT:
        raise ValueError(f"its format is {quoted(data['format'])}, this version reads {FORMAT}")
    records = tuple(map(_record, data["records"]))
    if not records:
        raise ValueError("it has no records")
    if len({record.key for record in records}) < len(records):
        raise ValueError("it has two records of one method and protocol")
    return Reference(_text(data["dataset"]), records, tuple(map(_update, data["history"])))


def _record(data: Any) -> Record:
    protocol = Protocol(**_dictionary(data["protocol"], _text))
    if type(data["n"]) is not int:
        raise ValueError(f"n is {quoted(data['n'])}")
    return Record(
        method=_text(data["method"]),
        protocol=protocol,
        identity={block: dict(data["identity"][block]) for block in ("method", "dataset")},
        n=data["n"],
        correlations=_dictionary(data["correlations"], _number),
        scores=_dictionary(data["scores"], _number),
        failures=_dictionary(data["failures"], _text),
        code=tuple(map(_text, data.get("code", ()))),  # older references have none
    )


def _update(data: Any) -> Update:
    methods = tuple(map(_text, data["methods"]))
    versions = _dictionary(data["versions"], _text)
    return Update(_text(data["date"]), _text(data["reason"]), methods, versions, _text(data["device"]))


def _dictionary(data: Any, convert: Callable[[Any], Any]) -> dict[str, Any]:
    return {key: convert(value) for key, value in data.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} stands where a text is expected")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{quoted(value)} stands where a finite number is expected")
    return float(value)
