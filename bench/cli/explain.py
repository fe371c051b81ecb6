"""``bench explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common
from bench.cli.commands import command
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.explain.run import ExplainedPhoto


@command(short_help="Explain a method's score of a photograph: where and in which aspect it is bad.")
@click.argument("photo", type=click.Path(path_type=Path))
@common.methods_option
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
@common.style_options
@common.text_or("json")
def explain(
    photo: Path,
    methods: tuple[str, ...],
    options: tuple[str, ...],
    device: str,
    precision: str,
    output: Path | None,
    chart: Path | None,
    form: str,
) -> None:
    """Explain a method's score of PHOTO by Grad-CAM maps and by the probability of each aspect.

    The score, the probability of each pair of prompts and a summary of each map are printed. docs/guides/explain.md
    says how to read them.
    """
    from bench.explain.run import explain_photo
    from bench.figures.style import check_path
    from bench.io.atomic import check_apart, check_replaceable

    check_apart([("--output", output), ("--chart", chart)], [("PHOTO", photo)])
    for path, option in ((output, "--output"), (chart, "--chart")):
        if path is not None:
            check_path(path, option)
            check_replaceable(path, option)
    if len(methods) > 1:
        raise UsageError(f"--method got {', '.join(methods)}: give one that offers explanations")
    found = explain_photo(photo, methods[0], options, device, precision)
    if output:
        _draw_overlay(found, output)
    if chart:
        _draw_chart(found, chart)
    record = found.as_json()
    click.echo(json.dumps(record, indent=1, ensure_ascii=False) if form == "json" else _text(record))


def _draw_overlay(found: ExplainedPhoto, output: Path) -> None:
    from bench.explain.figure import overlay
    from bench.figures.style import save_figure

    save_figure(overlay(found.photo.pixels, found.explanation), output)


def _draw_chart(found: ExplainedPhoto, chart: Path) -> None:
    from bench.explain.figure import aspect_chart
    from bench.figures.style import save_figure

    save_figure(aspect_chart(found, "--chart"), chart, "--chart")


def _text(record: dict[str, Any]) -> str:
    lines = [f"{record['image']}  {record['method']}  {record['score']:.4f}"]
    if record["aspects"]:
        lines.append("\nprobability of the first prompt of each pair; below 0.5 the second fits better")
        lines += [f"  {value:.3f}  {aspect}" for aspect, value in sorted(record["aspects"].items(), key=lambda x: x[1])]
    unit = f" ({record['unit']})" if record["unit"] else ""
    lines.append(f"\nhow much each cell raises an output{unit}; noise: the largest where the pixels are shuffled")
    lines.append("map         largest    mean       SD         noise      cells    above noise")
    for name, one in record["maps"].items():
        rows, columns = one["cells"]
        lines.append(
            f"{name:10}  {one['largest']:<9.3g}  {one['mean']:<9.3g}  {one['sd']:<9.3g}  "
            f"{one['noise']:<9.3g}  {f'{columns}x{rows}':7}  {one['above_noise']}"
        )
    return "\n".join([*lines, *([f"\nNot shown: {record['left_out']}."] if record["left_out"] else [])])
