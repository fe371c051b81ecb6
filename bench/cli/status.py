"""``bench status``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common, showing
from bench.cli.commands import command


@command(short_help="Say what of a study is done and what is missing.")
@click.argument("study", metavar="STUDY.toml", type=click.Path(path_type=Path))
@common.results_option
@common.format_option
def status(study: Path, results: str | None, form: str | None) -> None:
    """Say which results of a study are stored, which are missing and what each lacks, and which files are written.

    No image and no weights are read. `bench run STUDY.toml` computes what is missing.
    """
    from bench.studies.status import study_status

    showing.show(study_status(study, results=results), form)
