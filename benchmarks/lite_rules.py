"""How well rules that join the parts of a score agree with people: the network's quality, NIQE, IL-NIQE and MDFS-lite.

    python benchmarks/lite_rules.py CSV [CSV...] [--limit N]

Each CSV has the columns image and score (MOS, higher is better) beside its images. Every part is turned so that higher
is better, distances by their logarithm, and divided by its mean standard deviation over the sets; a rule is a weighted
sum. SRCC a set, and the SRCC of the mean of Fisher's z. Whoever chooses a rule by this table has looked at these sets,
and the method's `selected_on` has to name them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import numpy as np
import pandas as pd

from bench import stats
from bench.api import Photo, Pixels, Resize
from bench.io.images import decode, luma, read_bytes, resize
from bench.methods._niqe_model import load_model, model_path
from bench.methods.ilniqe import Ilniqe
from bench.methods.mdfs import MdfsLite
from bench.methods.niqe import niqe
from bench.methods.qualiclip.lite import QualiclipLite
from bench.methods.qualiclip.lite.scorer import shrunk

Rule = Mapping[str, float]
RULES: tuple[Rule, ...] = (
    {"Q": 1},
    {"NIQE": 1},
    {"NIQE at 768": 1},
    *({"Q": 1, "NIQE at 768": weight} for weight in (0.3, 0.5, 0.7, 0.85, 1, 1.2)),
    {"Q": 1, "NIQE at 768": 0.7, "NIQE": 0.3},
    {"Q": 1, "NIQE at 768": 0.7, "IL-NIQE": 0.3},
    {"Q": 1, "NIQE at 768": 0.7, "MDFS-lite": 0.3},
)


def parts() -> dict[str, Callable[[Photo], float]]:
    """Return the parts of a score by name, each a function of a photo; higher is better."""
    pristine = load_model(model_path(""))
    lite, ilniqe, mdfs = QualiclipLite(), Ilniqe(), MdfsLite()

    def at(pixels: Pixels, short: int | None) -> float:
        return -math.log(niqe(luma(resize(pixels, Resize(short=short)) if short else pixels), pristine))

    return {
        "Q": lambda photo: lite._scorer._quality(shrunk(photo.pixels)),
        "NIQE": lambda photo: at(photo.pixels, None),
        "NIQE at 768": lambda photo: at(photo.pixels, 768),
        "IL-NIQE": lambda photo: -math.log(ilniqe.score([photo])[0]),
        "MDFS-lite": lambda photo: -math.log(mdfs.score([photo])[0]),
    }


def measured(csv: Path, limit: int | None, functions: Mapping[str, Callable[[Photo], float]]) -> pd.DataFrame:
    """Return the parts of every image of a set, and its MOS."""
    frame = pd.read_csv(csv).head(limit) if limit else pd.read_csv(csv)
    rows = []
    for image in frame["image"]:
        photo = decode(read_bytes(csv.parent / image), image)
        rows.append({name: part(photo) for name, part in functions.items()})
    return pd.DataFrame(rows).assign(MOS=frame["score"].to_numpy())


@click.command()
@click.argument("csvs", metavar="CSV", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--limit", type=int, help="Use only the first N images of each set.")
def main(csvs: tuple[Path, ...], limit: int | None) -> None:
    """Print a table of rules."""
    functions = parts()
    sets = {csv.parent.name: measured(csv, limit, functions) for csv in csvs}
    spread = {name: float(np.mean([table[name].std() for table in sets.values()])) for name in functions}
    print(f"| rule | {' | '.join(sets)} | mean |\n|---|{'---|' * (len(sets) + 1)}")
    for rule in RULES:
        found = []
        for table in sets.values():
            value = sum(weight / spread[name] * table[name] for name, weight in rule.items())
            found.append(stats.correlate(value, table["MOS"]).srcc)
        title = " + ".join(name if weight == 1 else f"{weight} {name}" for name, weight in rule.items())
        mean = math.tanh(float(np.mean(np.arctanh(found))))
        print(f"| {title} | {' | '.join(f'{value:.3f}' for value in (*found, mean))} |")


if __name__ == "__main__":
    main()
