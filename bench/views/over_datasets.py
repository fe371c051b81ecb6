"""``bench table --over datasets``: how methods would compare on other datasets, of which these are a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.defaults import ALPHA, CONFIDENCE
from bench.errors import UsageError, counted
from bench.io.visible import quoted
from bench.stats import MIN_DATASETS
from bench.tables.averages import Average, average
from bench.tables.over_datasets import Standing, Standings, compare_over_datasets
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Code, Sentence, Value, View
from bench.views.records import Block
from bench.views.shown import Views
from bench.views.words import interval_text, left_out_text, number

if TYPE_CHECKING:
    from bench.runs.entry import Entry


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return the methods by their mean rank over datasets, with intervals that hold for other datasets.

    Args:
        entries: stored results.
        request: its argument is ``datasets``.

    Raises:
        UsageError: the argument is another one, or there are too few methods, or too few datasets that all methods
            compare on.
    """
    if request.argument != "datasets":
        raise UsageError(
            f"--over got {quoted(request.argument)}, and datasets is all that it takes: give --over datasets"
        )
    table, *others = arranged(entries, request)
    over = average(table)
    _refuse_few(table, over)
    found = compare_over_datasets(table, over)
    captions = [_question(over), *_numbers(found, request), _ranks(found), _chosen(table, over, others)]
    names = ("method", "mean SRCC", "rank", "mean rank", "wins", "better than", "worse than")
    head = [Value(name) for name in names]
    head += [Value(column.dataset, after=" rank") for column in over.over]
    lines = [_line(table, each) for each in found.rows]
    return Views((View(head, [("", lines)], captions, [_record(table, over, found, each) for each in found.rows]),))


def _refuse_few(table: Table, over: Average) -> None:
    if len(table.rows) < 2:
        raise UsageError(f"--over datasets compares methods, and {table.labels[table.rows[0]]} is the only one here")
    if (n := len(over.over)) < MIN_DATASETS:
        names = f" ({', '.join(column.dataset for column in over.over)})" if n else ""
        raise UsageError(
            f"--over datasets takes the datasets as a sample, and fewer than {MIN_DATASETS} are no sample: this table "
            f"has {n} on which every method has an eligible SRCC{names}.{left_out_text(table, over)} Score the methods "
            "on more datasets; fewer methods (--method) may leave more, too."
        )


def _line(table: Table, each: Standing) -> list[Value]:
    rank = f"{each.rank[0]}-{each.rank[1]}" if each.rank else "-"
    counts = (len(each.won), len(each.better_than), len(each.worse_than))
    return [
        Value(table.labels[each.row]),
        _mean(each),
        *map(Value, (rank, f"{each.mean_rank:.2f}", *map(str, counts))),
        *(Value(f"{place:g}") for place in each.ranks.values()),
    ]


def _mean(each: Standing) -> Value:
    mean, interval = each.mean.value, each.interval
    if mean is None:
        return Value("-", notes=(each.mean.reason,))
    notes = (f"no interval: {interval.reason}",) if interval and interval.reason else ()
    return Value(number(mean), interval_text(interval) if interval else "", notes=notes)


def _question(over: Average) -> Sentence:
    n = len(over.over)
    return (
        "This table answers how the methods would compare on other datasets of this sort: these "
        f"{n} datasets are taken as a sample of such datasets, drawn independently and with equal weight, and the "
        "images of each as a sample of its images. ",
        Code("bench table"),
        f" answers another question, how the methods compare on these {n} datasets, and takes only the images as a "
        "sample. A difference that is certain there can be uncertain here.",
    )


def _numbers(found: Standings, request: Request) -> list[Sentence]:
    if not found.drawn:
        why = "the methods share no draws of some dataset's images" if request.draws else "no draws were asked for"
        return [f"Mean SRCC: by Fisher's z. It has no interval, and there is no interval of the rank: {why}."]
    n = len(found.rows[0].ranks)
    without = any(each.rank is None for each in found.rows)
    alone = " Methods without a rank are left out of the ranks of the others." if without else ""
    return [
        f"Mean SRCC: by Fisher's z, with its {CONFIDENCE:.0%} interval from a hierarchical bootstrap ({request.draws} "
        "draws: first datasets, then images, or whole references, in each) by Student's t with "
        f"{counted(n - 1, 'degree')} of freedom. Rank: the {1 - ALPHA:.0%} interval of the method's rank by mean SRCC "
        f"over all such datasets, from the same draws (1 is best).{alone}"
    ]


def _ranks(found: Standings) -> Sentence:
    pairs, told = len(found.rows) * (len(found.rows) - 1) // 2, sum(len(each.better_than) for each in found.rows)
    return (
        "Mean rank: the mean of the ranks by SRCC inside each dataset, which the last columns show. Wins: the number "
        "of datasets on which no other method has a higher SRCC. Better than, worse than: the number of methods whose "
        "mean rank is higher, or lower, by at least the critical difference, which is "
        f"{found.critical_difference:.2f} by Nemenyi's test at {ALPHA:.0%} over all pairs together. It tells {told} of "
        f"{counted(pairs, 'pair')} apart."
    )


def _chosen(table: Table, over: Average, others: Sequence[Table]) -> Sentence:
    names = ", ".join(column.dataset for column in over.over)
    text = f"Datasets: those on which every row has an eligible SRCC, {names}.{left_out_text(table, over)}"
    again = sorted({column.dataset for other in others for column in other.columns})
    return text + (f" Further protocols, labels or images of {', '.join(again)} are not used." if again else "")


def _record(table: Table, over: Average, found: Standings, each: Standing) -> dict[str, Any]:
    interval = each.interval
    return {
        "method": table.labels[each.row],
        "datasets": [column.dataset for column in over.over],
        "mean_srcc": each.mean.value,
        "mean_srcc_low": interval.low if interval else None,
        "mean_srcc_high": interval.high if interval else None,
        "rank_low": each.rank[0] if each.rank else None,
        "rank_high": each.rank[1] if each.rank else None,
        "mean_rank": each.mean_rank,
        "critical_difference": found.critical_difference,
        "wins": len(each.won),
        "won": [column.dataset for column in each.won],
        "better_than": [table.labels[row] for row in each.better_than],
        "worse_than": [table.labels[row] for row in each.worse_than],
        "ranks": Block({column.dataset: rank for column, rank in each.ranks.items()}),
        "reason": each.mean.reason or (interval.reason if interval else ""),
    }
