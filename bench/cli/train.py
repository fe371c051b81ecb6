"""``bench train``: one subcommand for each trainable method, one option for each hyperparameter."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion
from bench.cli.commands import Group
from bench.errors import UsageError, did_you_mean
from bench.io.visible import quoted

if TYPE_CHECKING:
    from bench.api import Method
    from bench.plugins.options import OptionInfo

_OPTIONS = (
    click.option(
        "--pristine",
        required=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Folder of pristine photographs.",
    ),
    click.option(
        "--output",
        required=True,
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder for checkpoints, log and state.",
    ),
    click.option("--preset", metavar="NAME", help="Name of a set of hyperparameters."),
    click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        metavar="FILE",
        help="TOML file of hyperparameters, named as the options but with _ instead of -; overrides the preset.",
    ),
    click.option("--resume", is_flag=True, help="Continue the run in --output; the options must be the same."),
    click.option(
        "--val-dataset",
        "watched",
        multiple=True,
        metavar="ID|PATH",
        shell_complete=completion.datasets,
        help="Dataset to report the SRCC on at every validation; it never influences training. Repeatable.",
    ),
    common.root_option,
)


class _Methods(Group):
    """One subcommand for each trainable method, built from its ``Training`` on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_trainable())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        method = _trainable().get(cmd_name)
        return None if method is None else _command(method)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = _trainable()
        if args[0] not in known:
            hint = did_you_mean(args[0], known)
            raise UsageError(
                f"METHOD got {quoted(args[0])}, which cannot be trained.{hint} Trainable methods: {', '.join(known)}."
            )
        return super().resolve_command(ctx, args)


@click.command(cls=_Methods, short_help="Train a method on pristine photographs.")
@common.plugin_option
def train() -> None:
    """Train a method on pristine photographs, without opinion scores.

    `bench train METHOD --help` lists its hyperparameters.
    """


def _trainable() -> dict[str, type[Method]]:
    from bench.plugins.listing import trainable_methods

    return trainable_methods()


def _command(method: type[Method]) -> click.Command:
    from bench.plugins.options import describe_options

    presets = ", ".join(method.presets())
    command = click.Command(
        method.info.name,
        callback=functools.partial(_train, method),
        short_help=method.info.summary,
        help=f"Train {method.info.name} on pristine photographs.\n\nOptions override --config, "
        f"--config overrides --preset ({presets}), and --preset overrides the defaults.",
    )
    for add in _OPTIONS:
        add(command)
    assert method.Training is not None
    command.params += [_parameter(info) for info in describe_options(method.Training)]
    return command


def _parameter(info: OptionInfo) -> click.Option:
    default = str(info.default).lower() if info.type == "bool" else str(info.default) or "none"
    return click.Option(
        [f"--{info.name.replace('_', '-')}", info.name],
        metavar="true|false" if info.type == "bool" else info.type if "|" in info.type else info.type.upper(),
        help=f"{info.help}  [default: {default}]",
    )


def _train(
    method: type[Method],
    pristine: Path,
    output: Path,
    preset: str | None,
    file: Path | None,
    resume: bool,
    watched: tuple[str, ...],
    roots: tuple[str, ...],
    **texts: str | None,
) -> None:
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.runs.training import train_method

    places = Roots.parse(roots)
    said = train_method(
        method,
        pristine,
        output,
        preset=preset,
        file=file,
        texts={name: text for name, text in texts.items() if text is not None},
        resume=resume,
        watched=[resolve(text, places, "--val-dataset") for text in watched],
    )
    if said:
        click.echo(said)
