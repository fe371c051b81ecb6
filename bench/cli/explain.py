"""``bench explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common
from bench.errors import ImageError, UsageError

if TYPE_CHECKING:
    from bench.api import Method, Photo
    from bench.explain.explanation import Explanation
    from bench.runs.scoring import LoadedMethod


@click.command(short_help="Explain a method's score of a photograph: where and in which aspect it is bad.")
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--method", "name", required=True, metavar="NAME", help="Name of a method that offers explanations.")
@common.option_option
@common.device_option
@common.precision_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Figure of the maps over the photograph to write: .png, .svg or .pdf.",
)
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Bar chart of the probabilities to write: .svg, .png or .pdf.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
def explain(
    photo: Path,
    name: str,
    options: tuple[str, ...],
    device: str,
    precision: str,
    output: Path | None,
    chart: Path | None,
    form: str,
) -> None:
    """Explain a method's score of PHOTO by Grad-CAM maps and by the probability of each aspect.

    The score, the probability of each pair of prompts and a summary of each map are printed. docs/explain.md says how
    to read them.
    """
    from bench.figures.style import check_path
    from bench.runs import loading

    for path, option in ((output, "--output"), (chart, "--chart")):
        if path is not None:
            check_path(path, option)
    common.warn_about_plugins()
    specs = loading.method_specs([name], options, device, precision)
    _check_offer(specs[0].method, name)
    decoded = _decode(photo)
    (ready,) = loading.load_methods(specs)
    found = _explain(ready, decoded, photo)
    if output:
        _draw_overlay(decoded, found, output)
    if chart:
        _draw_chart(ready, decoded, found, chart)
    record = _record(ready, photo, found)
    click.echo(json.dumps(record, indent=1, ensure_ascii=False) if form == "json" else _text(record))


def _check_offer(method: type[Method], name: str) -> None:
    from bench.explain.explanation import offers_explanation
    from bench.plugins.registry import catalogue

    if not offers_explanation(method):
        able = ", ".join(known for known, each in catalogue().methods.items() if offers_explanation(each))
        raise UsageError(f"--method got {name!r}, which offers no explanations; these methods do: {able}")


def _decode(photo: Path) -> Photo:
    from bench.io.images import decode, read_bytes

    try:
        return decode(read_bytes(photo), photo.name)
    except ImageError as error:
        raise UsageError(f"PHOTO got {photo}: {error}") from None


def _explain(ready: LoadedMethod, decoded: Photo, photo: Path) -> Explanation:
    from bench.explain.explanation import explain as explain_photo
    from bench.io.images import prepare

    try:
        return explain_photo(ready.method, prepare(decoded, ready.method.info.input))
    except ImageError as error:
        raise UsageError(f"PHOTO got {photo}, which {ready.spec.label} cannot score: {error}") from None


def _draw_overlay(decoded: Photo, found: Explanation, output: Path) -> None:
    from bench.explain.figure import overlay
    from bench.figures.style import save_figure

    save_figure(overlay(decoded.pixels, found.maps), output)


def _draw_chart(ready: LoadedMethod, decoded: Photo, found: Explanation, chart: Path) -> None:
    from bench.explain.figure import aspect_bars
    from bench.figures.style import save_figure

    if not found.aspects:
        raise UsageError(f"--chart: {ready.spec.label} has no probabilities of aspects; leave --chart out")
    save_figure(aspect_bars(found.aspects, f"{decoded.name}: {ready.spec.label} {found.score:.4f}"), chart, "--chart")


def _record(ready: LoadedMethod, photo: Path, found: Explanation) -> dict[str, Any]:
    """Return what is printed, unrounded; a map by its size in cells, its largest and its mean value."""
    maps = {
        name: {"cells": list(cells.shape), "largest": float(cells.max()), "mean": float(cells.mean())}
        for name, cells in found.maps.items()
    }
    about = {"image": str(photo), "method": ready.spec.label, "fingerprint": ready.spec.fingerprint}
    return {**about, "score": found.score, "aspects": found.aspects, "maps": maps, "left_out": found.left_out}


def _text(record: dict[str, Any]) -> str:
    lines = [f"{record['image']}  {record['method']}  {record['score']:.4f}"]
    if record["aspects"]:
        lines.append("\nprobability of the first prompt of each pair; below 0.5 the second fits better")
        lines += [f"  {value:.3f}  {aspect}" for aspect, value in sorted(record["aspects"].items(), key=lambda x: x[1])]
    lines.append("\nmap         largest    mean       cells")
    for name, one in record["maps"].items():
        rows, columns = one["cells"]
        lines.append(f"{name:10}  {one['largest']:<9.3g}  {one['mean']:<9.3g}  {columns}x{rows}")
    return "\n".join([*lines, *([f"\nNot shown: {record['left_out']}."] if record["left_out"] else [])])
