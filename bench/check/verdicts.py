"""Verdicts: the newest stored results that a reference names, compared with their records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.api import Resize
from bench.check.compare import CheckedLabels, Finding, Record, Tolerance, compare_record
from bench.check.power import smallest_fall
from bench.check.reference import Reference, Update, updated
from bench.datasets.protocol import Protocol
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.plugins.options import text_of
from bench.runs.entry import Entry
from bench.runs.jobs import Settings
from bench.runs.store import Damage
from bench.tables.cell import VALUES
from bench.tables.code import present_code
from bench.tables.evaluation import evaluate, joined

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Verdict:
    """Verdict on one record of a reference.

    Attributes:
        dataset: id.
        method: label of its row.
        protocol: of its scores.
        findings: all that was compared.
        smallest_fall: fall of SRCC by noise that the rule for correlations finds with a probability of 80 %; computed
            for one method of each dataset, None for the others and where it cannot be.
    """

    dataset: str
    method: str
    protocol: str
    findings: tuple[Finding, ...]
    smallest_fall: float | None = None

    @property
    def failed(self) -> bool:
        """Whether anything changed or is missing."""
        return any(finding.state == "failed" for finding in self.findings)


@dataclass(frozen=True)
class FreshRun:
    """Results that one call of the runner scores again.

    Attributes:
        records: of methods whose names all differ.
        split: of their protocol.
        settings: with the resize policy and the seed that they were recorded with.
    """

    records: tuple[Record, ...]
    split: str
    settings: Settings

    def assignments(self) -> list[str]:
        """Return the recorded options as ``METHOD.NAME=VALUE``."""
        methods = [record.identity["method"] for record in self.records]
        return [
            f"{method['name']}.{name}={text_of(value)}"
            for method in methods
            for name, value in method["options"].items()
            if value is not None
        ]


def check_reference(
    reference: Reference, entries: Sequence[Entry], damaged: Sequence[Damage], tolerance: Tolerance
) -> list[Verdict]:
    """Compare every record of a reference with what the store holds; what it lacks or has damaged is a failure."""
    stored = newest(entries, reference.dataset)
    verdicts: list[Verdict] = []
    for record in reference.records:
        # Which is the newest, nobody knows where one is damaged.
        lost = _damaged(damaged, reference.dataset, record)
        findings = [Finding("result", "failed", words=each) for each in lost] or _judge(record, stored, tolerance)
        fall = None
        if not any(verdict.smallest_fall for verdict in verdicts) and record.key in stored and not lost:
            fall = _smallest_fall(stored[record.key], tolerance)
        verdicts.append(Verdict(reference.dataset, record.method, str(record.protocol), tuple(findings), fall))
    return verdicts


def _smallest_fall(entry: Entry, tolerance: Tolerance) -> float | None:
    return smallest_fall(*record_entry(entry), tolerance) if entry.complete else None


def _damaged(damaged: Sequence[Damage], dataset: str, record: Record) -> list[str]:
    return [each.words for each in damaged if each.concerns(dataset, record.identity["method"]["name"])]


def _judge(record: Record, stored: Mapping[tuple[str, Protocol], Entry], tolerance: Tolerance) -> list[Finding]:
    entry = stored.get(record.key)
    if entry is None:
        others = sorted(str(protocol) for method, protocol in stored if method == record.method)
        words = f"not in the store under this protocol, only: {'; '.join(others)}" if others else "not in the store"
        return [Finding("result", "failed", words=words)]
    try:
        now, labels = record_entry(entry)
    except UsageError as error:
        return [Finding("result", "failed", words=str(error))]
    stale = [Finding("result", "failed", words=words) for words in _of_changed_code(entry)]
    return [*stale, *compare_record(record, now, labels, tolerance)]


def _of_changed_code(entry: Entry) -> list[str]:
    """Say that the scores are not those of the method's present code, if so: numbers of old code prove nothing."""
    now = present_code(entry)
    if not (now and entry.code) or entry.code == (now,):
        return []
    return [
        f"the stored scores of {entry.method.label} are of code that has changed since: score again by "
        "`bench run --rescore`, or check with --fresh"
    ]


def update(
    reference: Reference, entries: Sequence[Entry], damaged: Sequence[Damage], methods: Sequence[str], reason: str
) -> Reference:
    """Return a reference with the store's records in place of its own.

    Args:
        reference: the old one; without records it takes every method that the store has.
        entries: of the store.
        damaged: what else the store has.
        methods: labels of those to write; empty: those that the reference has.
        reason: why numbers moved.

    Raises:
        UsageError: the store lacks one, or has it unfinished, damaged or by code that has changed since.
    """
    stored = newest(entries, reference.dataset)
    known = [record.key for record in reference.records]
    if methods:
        wanted = [key for key in dict.fromkeys([*known, *stored]) if key[0] in methods]
    else:
        wanted = known or list(stored)
    lacking = [method for method, protocol in wanted if (method, protocol) not in stored]
    lacking += [method for method in methods if method not in {label for label, _ in wanted}]
    if lacking or not wanted:
        what = ", ".join(lacking) if lacking else "result"
        if rows := sorted(label for (label, _), entry in stored.items() if entry.method.name in lacking):
            raise UsageError(
                f"--update: the store has no {what} on {quoted(reference.dataset)}, but {', '.join(rows)}: give "
                "--method the whole label"
            )
        raise UsageError(f"--update: the store has no {what} on {quoted(reference.dataset)}: run it first")
    taken = [stored[key] for key in wanted]
    records = [record_entry(entry)[0] for entry in taken]
    if lost := [words for record in records for words in _damaged(damaged, reference.dataset, record)]:
        raise UsageError(f"--update: {lost[0]}")
    if stale := [words for entry in taken for words in _of_changed_code(entry)]:
        raise UsageError(f"--update: {stale[0]}")
    session = max(taken, key=lambda entry: entry.finished).sessions
    last = session[-1] if session else {}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    about = Update(now, reason, (), last.get("versions", {}), last.get("device", "unknown"))
    return updated(reference, records, about)


def unguarded(reference: Reference, entries: Sequence[Entry]) -> list[str]:
    """Return the labels of stored methods that a reference has no record of."""
    known = {record.method for record in reference.records}
    return sorted({label for label, _ in newest(entries, reference.dataset)} - known)


def fresh_runs(records: Iterable[Record]) -> list[FreshRun]:
    """Sort records into calls of the runner, as few as their protocols and names allow.

    Raises:
        UsageError: a record's scores were imported, so that nothing here can compute them again.
    """
    runs: dict[tuple[str, str, int, int], list[Record]] = defaultdict(list)
    seen: Counter[tuple[str, Protocol]] = Counter()
    for record in records:
        method, protocol = record.identity["method"], record.protocol
        if "scores" in method:
            raise UsageError(
                f"--fresh: the scores of {record.method} were imported: import them again, then check without --fresh"
            )
        # One call takes a method once: with other options it waits for the next.
        seen[method["name"], protocol] += 1
        runs[protocol.split, protocol.resize, method["seed"] or 0, seen[method["name"], protocol]].append(record)
    return [
        FreshRun(tuple(together), split, Settings(resize=Resize.parse(resize), seed=seed))
        for (split, resize, seed, _), together in runs.items()
    ]


def newest(entries: Sequence[Entry], dataset: str) -> dict[tuple[str, Protocol], Entry]:
    """Return a dataset's entries, of each method and protocol the one that was scored last.

    One that is not complete counts as later than all that are, so that no older result hides an interrupted run.
    Regressions that ``bench fit --features`` fitted are not among them: no run can score them again.
    """
    own = [entry for entry in entries if entry.dataset.id == dataset and not entry.fitted]
    own.sort(key=lambda entry: (not entry.complete, entry.finished))
    return {(entry.method.label, entry.protocol): entry for entry in own}


def record_entry(entry: Entry) -> tuple[Record, CheckedLabels]:
    """Read an entry's scores and compute its numbers.

    Raises:
        UsageError: it is not complete, or cannot be read.
    """
    if not entry.complete:
        total = entry.dataset.n
        raise UsageError(f"unfinished: {entry.outcomes_so_far()} of {total} images; run it again to continue")
    frame = entry.scores()
    (cell,) = evaluate([entry], draws=0)
    scored = frame["score"].notna()
    scores, failed = frame[scored], frame[~scored]
    record = Record(
        method=entry.method.label,
        protocol=entry.protocol,
        identity={"method": dict(entry.identity.method), "dataset": dict(entry.identity.dataset)},
        n=cell.correlations.n,
        correlations={name: v for name in VALUES if (v := getattr(cell.correlations, name)) is not None},
        scores=dict(zip(scores["image"], scores["score"].tolist(), strict=True)),
        failures=dict(zip(failed["image"], failed["error"], strict=True)),
        code=entry.code,
    )
    return record, _labels(entry, frame[scored & frame["mos"].notna()])


def _labels(entry: Entry, frame: pd.DataFrame) -> CheckedLabels:
    about = entry.dataset
    return CheckedLabels(
        images=tuple(frame["image"]),
        values=frame["mos"].to_numpy("float64"),
        groups=joined(frame, about.within),
        clusters=joined(frame, [about.cluster]) if about.cluster in frame else None,
        aggregate=about.aggregate,
    )
