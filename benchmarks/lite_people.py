"""How well qualiclip-lite agrees with people, beside methods that know as little, with paired intervals.

    python benchmarks/lite_people.py CSV [CSV...] [--weights FILE]

Each CSV has the columns image and score (MOS, higher is better) beside its images. All methods score the same images
and are resampled together, so that an interval of a difference of SRCC is that of paired images. The sets that the
method's configuration was chosen on are named by `bench list methods qualiclip-lite`: figures on those are no test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from bench import stats
from bench.io.images import decode, prepare, read_bytes
from bench.plugins.registry import find_method

RIVALS = ("niqe", "pyiqa:piqe", "bytes-per-pixel")
DRAWS = 2000

parser = argparse.ArgumentParser(description="SRCC of qualiclip-lite with people, and its gain over other methods.")
parser.add_argument("csv", type=Path, nargs="+", help="labels beside their images")
parser.add_argument("--weights", default="", help="checkpoint of qualiclip-lite (default: the shipped one)")


def scores_of(name: str, frame: pd.DataFrame, folder: Path, weights: str) -> list[float]:
    """Return scores, higher is better."""
    found = find_method(name)
    method = found(found.Options(weights=weights)) if weights else found()
    sign = 1 if method.info.higher_is_better else -1
    photos = (decode(read_bytes(folder / image), image) for image in frame["image"])
    return [sign * float(method.score([prepare(photo, method.info.input)])[0]) for photo in photos]


def main() -> None:
    """Print a table a set."""
    arguments = parser.parse_args()
    for csv in arguments.csv:
        frame = pd.read_csv(csv)
        rows = [scores_of("qualiclip-lite", frame, csv.parent, arguments.weights)]
        rows += [scores_of(name, frame, csv.parent, "") for name in RIVALS]
        found = stats.bootstrap_srcc(np.array(rows), frame["score"].to_numpy(), draws=DRAWS)
        values = [stats.correlate(row, frame["score"]).srcc for row in rows]
        print(f"{csv.parent.name}: {len(frame)} images, {DRAWS} draws")
        for name, value, interval, drawn in zip(
            ("qualiclip-lite", *RIVALS), values, found.intervals, found.samples, strict=True
        ):
            gain = np.nanpercentile(found.samples[0] - drawn, [2.5, 97.5])
            print(
                f"  {name:16} SRCC {value:6.3f} [{interval.low:.3f}, {interval.high:.3f}]   "
                f"gain of qualiclip-lite {values[0] - value:+.3f} [{gain[0]:+.3f}, {gain[1]:+.3f}]"
            )


if __name__ == "__main__":
    main()
