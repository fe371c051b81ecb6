"""``docs/reference/datasets.md``: what every card says, as a page. Written by ``bench list datasets --format md``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from bench.datasets.card import Card, LabelSpec, paper_link
from bench.views.dataset_card import card_attributes
from bench.views.markdown import escape_markdown as escape

_INTRODUCTION = """\
# Datasets

This page is written from the cards in `datasets/` by `bench list datasets --format md`; a test holds it current.

Point `--root ID=FOLDER` at a set as its authors distribute it, unpacked or as a `.zip` or `.tar`, or at a URL that
fsspec knows (`s3://`, `http://`); or put it below `$BENCH_DATA` under one of its names; or write a `bench.toml` into
the working directory or above it:

```toml
data = "/data"              # folders below it are named by id or alias

[roots]
koniq = "/nas/koniq10k"
```

The first place that has the set is taken: `--root`, `$BENCH_DATA`, `[roots]`, `data`. `bench doctor` shows what was
found where, `bench doctor ID` checks a copy: labels, counts, splits, every image. `bench fetch dataset ID` downloads
the sets whose addresses are known.

Copies are read in many states: a folder too many around them, a zip made on Windows, `labels (1).csv`, a sheet saved as
CSV or the other way round, labels saved again by a spreadsheet (semicolons, decimal commas, a line `sep=;`, comments
above the header, a column of row numbers). pyiqa's folder `datasets` works as `$BENCH_DATA`: its lists in
`meta_info/` are found beside the folders of the sets. Pictures that were saved again in another format, and archives
that are still packed, are named in what `bench run` and `bench doctor` say; `--suffix .png` takes pictures that were
saved again, as another protocol.

Sets of videos, of HDR pictures and of stereoscopic pictures are not here: they need other methods than those for one
photograph.

**Checked on** says what the reader of a set was proved on by the tests: *authors' file*: the label file that the
authors distribute; *copy*: the authors' numbers in a file that somebody else wrote; *stand-in*: a file written by the
test after the documented layout. `n` counts the images to score.
"""


def page(cards: Iterable[Card]) -> str:
    """Return the page in Markdown."""
    cards = list(cards)
    rows = [["id", "n", "kind", "label", "splits", "checked on"], *(_row(card) for card in cards)]
    parts = [_INTRODUCTION, _table(rows), *(_section(card, {each.id for each in cards}) for card in cards)]
    return "\n".join(parts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest, ""])


def _row(card: Card) -> list[str]:
    first = card.labels[0] if card.labels else None
    label = f"{_number(first.range[0])} to {_number(first.range[1])}, {first.direction} is better" if first else "none"
    return [_link(card.id), f"{card.n:,}", card.kind, label, _counted(card.splits), card.checked or "-"]


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "-"


def _number(value: float) -> str:
    return f"{value:g}"


def _section(card: Card, listed: Collection[str]) -> str:
    address = paper_link(card.doi, card.arxiv)
    about = {
        "source": f"<{card.source}>" if card.source.startswith("http") else escape(card.source),
        "licence": escape(card.licence),
        "citation": " ".join([escape(card.citation), *([f"<{address}>"] if address else [])]),
        "rated": escape(card.rated),
        "also called": ", ".join(f"`{alias}`" for alias in card.aliases),
        "variant of": _link(card.extends) if card.extends else "",
        "label files": "; ".join(label_form(spec) for spec in card.labels),
        "images in": "; ".join(", ".join(f"`{folder}`" for folder in layout) for layout in card.layouts),
        "different values": _counted(card.groups) if card.groups else "",
        "labels compare only inside": ", ".join(card.within),
        "over these is taken": f"the {card.aggregate}" if card.within else "",
        "intervals resample": card.cluster,
        "random splits keep together": card.group or card.cluster,
        "attributes": ", ".join(sorted(card_attributes(card))),
        "photographs from": ", ".join(card.content),
        "shares photographs with": ", ".join(
            f"[{other}](#{other})" if other in listed else other for other in card.shares
        ),
        "ratings an image": str(card.n_raters or ""),
        "resize by default": card.resize if card.resize != "none" else "",
        "image size": f"{card.size[0]} x {card.size[1]}" if card.size else "",
        "fetched from": ", ".join(sorted({archive.mirror or "the authors" for archive in card.archives})),
    }
    lines = [f"* {name}: {text}" for name, text in about.items() if text]
    notes = [f"* note: {escape(note)}" for note in card.notes]
    return "\n".join([f"## {card.id}", "", escape(card.title), "", *lines, *notes, ""])


def label_form(spec: LabelSpec) -> str:
    """Return the files and the column that labels are read from, in Markdown."""
    names = " or ".join(f"`{name}`" for name in spec.files)
    beside = "".join(f" with `{one.files[0]}`{' (optional)' if one.optional else ''}" for one in spec.beside)
    column = ", ".join(spec.votes) if spec.votes else spec.score
    return f"{names}{beside}, column `{column}`"
