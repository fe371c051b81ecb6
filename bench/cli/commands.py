"""Commands as all of this command line are: options under headings, no short help cut, old names still understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

# Heading → the options under it, by the names that commands get them under; the others stand under "Options".
HEADINGS: Mapping[str, Sequence[str]] = {
    "Methods": ("plugin", "methods", "method", "options", "device", "precision", "features", "regression"),
    "Images": (
        *("datasets", "dataset", "split", "limit", "roots", "skip_missing", "count", "size", "types"),
        *("pristine", "train", "test", "splits"),
    ),
    "Labels": ("score_column", "lower_is_better", "image_column", "suffix", "allow_incomplete"),
    "Scoring": ("resize", "seed", "workers", "scheduler", "batch_size", "batch_pixels", "max_pixels", "image_timeout"),
    "Which results": ("families", "on_common", "mix_protocols", "published_file"),
    "Statistics": ("values", "intervals", "kind", "marks", "draws", "margin"),
    "Figures": ("figure_style", "transparent", "raw"),
    "Tables": ("style", "by", "compare", "significance", "over", "published", "opinions", "resolution"),
}
_OTHERS = "Options"
_FEW = 12  # so many options are read without headings

RENAMED = {"--photos": "--dataset", "--to": "--output"}
"""Old names of options, which are still understood, and those that they have now."""


class Command(click.Command):
    """A command with its options under headings, where there are many; it understands options' old names."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        for param in self.params:
            if isinstance(param.type, click.IntRange) and param.metavar is None:
                param.metavar = "N"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        known = {text for param in self.params for text in param.opts}
        renamed = {old: new for old, new in RENAMED.items() if new in known and old not in known}
        return super().parse_args(ctx, [_in_words_of_now(arg, renamed) for arg in args])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        for heading, records in headed(self, ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)


def headed(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Return heading → names and help of the options under it; a few options have one heading in all."""
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    shown = [(option, record) for option in options if (record := option.get_help_record(ctx))]
    if len(shown) <= _FEW:
        return {_OTHERS: [record for _, record in shown]} if shown else {}
    heading_of = {name: heading for heading, names in HEADINGS.items() for name in names}
    found: dict[str, list[tuple[str, str]]] = {heading: [] for heading in (*HEADINGS, _OTHERS)}
    for option, record in shown:
        found[heading_of.get(str(option.name), _OTHERS)].append(record)
    return {heading: records for heading, records in found.items() if records}


def _in_words_of_now(arg: str, renamed: Mapping[str, str]) -> str:
    name, equals, value = arg.partition("=")
    return f"{renamed.get(name, name)}{equals}{value}"


class Group(click.Group):
    """A command with subcommands, whose short helps are not cut."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, _short(command)) for name, command in found if command])


def _short(command: click.Command) -> str:
    """Return the short help of a command, else the first sentence of its help."""
    text = command.short_help or " ".join((command.help or "").split("\n\n", 1)[0].split())
    return f"{text.partition('. ')[0].rstrip('.')}."


def command(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a command, as ``click.command`` does."""
    return click.command(name, cls=Command, **attributes)


def group(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """Declare a command with subcommands, as ``click.group`` does."""
    return click.group(name, cls=Group, **attributes)
