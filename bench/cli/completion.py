"""What the shell completes: methods, datasets and options of methods. Stored names are those of the store in use."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from bench.errors import BenchError


def methods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Complete the name of a method, with what it is beside it where the shell shows that."""
    from bench.plugins.registry import catalogue

    found = catalogue().methods
    return [CompletionItem(name, help=found[name].info.summary) for name in found if name.startswith(incomplete)]


def method_options(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Complete METHOD.NAME= with every method and option."""
    from bench.plugins.options import describe_options
    from bench.plugins.registry import catalogue

    return [
        CompletionItem(text, help=option.help)
        for name, method in catalogue().methods.items()
        for option in describe_options(method.Options)
        if (text := f"{name}.{option.name}=").startswith(incomplete)
    ]


def datasets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Complete the id of a dataset, or a path."""
    from bench.datasets.catalogue import names

    return [*map(CompletionItem, _starting(names(), incomplete)), CompletionItem(incomplete, type="file")]


def stored_methods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Complete the name of a method that has stored results."""
    return [CompletionItem(label) for label in _starting(_stored(ctx)[0], incomplete)]


def stored_datasets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Complete the id of a dataset that has stored results."""
    return [CompletionItem(id_) for id_ in _starting(_stored(ctx)[1], incomplete)]


def _stored(ctx: click.Context) -> tuple[list[str], list[str]]:
    from bench.runs.store import Store

    try:
        entries, _ = Store.locate(ctx.params.get("results")).entries()
    except BenchError:
        return [], []
    return [entry.method.label for entry in entries], [entry.dataset.id for entry in entries]


def _starting(texts: Iterable[str], incomplete: str) -> list[str]:
    return sorted({text for text in texts if text.startswith(incomplete)})
