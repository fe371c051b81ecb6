"""Binary label files are parsed in a separate process with limits of memory and time.

The parsers of workbooks and MATLAB files are compiled code, and a hostile or damaged file can crash them or
make them ask for gigabytes. A crash then costs one sentence and not the command.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import subprocess
import sys
from contextlib import suppress

from bench.datasets.card import TableSpec
from bench.datasets.readers.text import TextTable
from bench.errors import UsageError
from bench.io.toml import fill

_MEMORY = 4 * 2**30
_SECONDS = 60
_REFUSED = 3


def parse_apart(reader: str, data: bytes, where: str, spec: TableSpec) -> TextTable:
    """Read a table in another process.

    Args:
        reader: ``module:function`` of what reads it there, as ``formats.Reader`` says. It is imported there alone.
        data: the file's content.
        where: its path, for messages.
        spec: how the table is laid out.

    Raises:
        UsageError: it is no such file, damaged, not laid out as the spec says, or its parser crashed.
    """
    wanted = {field.name: getattr(spec, field.name) for field in dataclasses.fields(TableSpec)}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # -P: the working directory, which may be a hostile dataset, is no place to import from. utf8: Windows has another.
    asked = json.dumps({"reader": reader, "where": where, "spec": wanted})
    command = [sys.executable, "-P", "-X", "utf8", "-m", "bench.datasets.readers.isolated", asked]
    try:
        done = subprocess.run(command, input=data, capture_output=True, env=environment, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"{where} takes longer than {_SECONDS} s to read, too long for a label file: get it again"
        ) from None
    if done.returncode == _REFUSED:
        raise UsageError(done.stdout.decode())
    if done.returncode:
        raise UsageError(f"{where} crashed the reader: it is damaged or malicious; get it again")
    header, rows = json.loads(done.stdout)
    return TextTable(where, header, [dict(zip(header, row, strict=True)) for row in rows])


def _main(text: str) -> int:
    asked = json.loads(text)
    spec: TableSpec = fill(TableSpec, asked["spec"], asked["where"])
    _limit_memory()
    module, _, function = asked["reader"].partition(":")
    parse = getattr(importlib.import_module(module), function)
    try:
        found: TextTable = parse(sys.stdin.buffer.read(), asked["where"], spec)
    except UsageError as error:
        sys.stdout.write(str(error))
        return _REFUSED
    json.dump([found.header, [[row[name] for name in found.header] for row in found.rows]], sys.stdout)
    return 0


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # no such limits on this system; the limit of time stays
        return
    for limit, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS sets no limit below what a process has reserved
            resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
