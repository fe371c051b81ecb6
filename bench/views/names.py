"""Names that a table shows in place of those that methods and datasets have here."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

from bench.errors import UsageError
from bench.io.toml import fill
from bench.io.visible import quoted
from bench.tables.cell import MethodKey
from bench.tables.table import Table

_MOST_BYTES = 2**20


@dataclasses.dataclass(frozen=True)
class Names:
    """Names to show.

    Attributes:
        methods: name or label of a method → what its row is called.
        datasets: id of a dataset → what its column is called.
    """

    methods: dict[str, str] = dataclasses.field(default_factory=dict)
    datasets: dict[str, str] = dataclasses.field(default_factory=dict)


def read_names(path: Path) -> Names:
    """Read a TOML file with the tables ``[methods]`` and ``[datasets]``.

    Raises:
        UsageError: the file is not there, or is not of this form; says what to do.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"--names: {path} is larger than 1 MiB: give a TOML file of names")
        table = tomllib.loads(data.decode())
    except OSError as error:
        raise UsageError(f"--names: {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--names: {path} is no TOML file: {error}") from None
    names: Names = fill(Names, table, f"--names: {path}")
    for what, given in (("methods", names.methods), ("datasets", names.datasets)):
        if empty := [name for name, text in given.items() if not text.strip()]:
            raise UsageError(
                f"--names: {path}: {what}: {quoted(empty[0])} has an empty name: give one, or leave it out"
            )
    return names


def rename(table: Table, names: Names) -> Table:
    """Return a table with other names for its rows and columns.

    Raises:
        UsageError: two rows, or two datasets, would have one name.
    """
    name_of = {row: cell.method.name for (row, _), cell in table.cells.items()}

    def shown(row: MethodKey) -> str:
        known = (table.labels[row], row.label, name_of[row])
        return next((names.methods[name] for name in known if name in names.methods), table.labels[row])

    labels = {row: shown(row) for row in table.labels}
    _check_apart({table.labels[row]: label for row, label in labels.items()}, "methods")
    _check_apart({each.dataset: names.datasets.get(each.dataset, each.dataset) for each in table.columns}, "datasets")
    return dataclasses.replace(table, labels=labels, titles=names.datasets)


def _check_apart(shown: dict[str, str], what: str) -> None:
    whose: dict[str, str] = {}
    for own, text in shown.items():
        other = whose.setdefault(text.strip(), own)
        if other != own:
            raise UsageError(
                f"--names: {what}: {quoted(other)} and {quoted(own)} are both called {quoted(text)}: give two names"
            )
