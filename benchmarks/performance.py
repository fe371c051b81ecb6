"""All measurements of speed in one page: each script of this folder in turn, its command above what it prints.

    python -W ignore benchmarks/performance.py FOLDER --output docs/performance.md

FOLDER has JPEGs of at least 192x192. Nothing else should use the machine meanwhile.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

HERE = Path(__file__).parent
MEASUREMENTS = {
    "What the harness adds to a method that does nothing": "pipeline.py FOLDER --rounds 5",
    "NIQE beside pyiqa's": "niqe_speed.py FOLDER --limit 60",
    "IL-NIQE beside pyiqa's": "niqe_speed.py FOLDER --method ilniqe --limit 5",
    "`qualiclip` beside pyiqa's": "qualiclip_speed.py FOLDER --limit 8",
    "`clipiqa` beside pyiqa's": "qualiclip_speed.py FOLDER --limit 4 --method clipiqa",
    "`qualiclip-lite` and its encoder, on one thread": "lite_speed.py FOLDER --limit 40",
    "Commands: start, stored scores, processes, methods together, memory": "commands_speed.py FOLDER",
    "Two workers of a cluster beside one": "cluster.py FOLDER",
    "Large stores": "large_store.py 10000 100000 1000000",
}


def machine() -> str:
    """Return a line on this machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((line for line in lines if line.startswith("flags")), "")
    widest = next((flag for flag in ("avx512_bf16", "avx512f", "avx2") if flag in flags.split()), "no AVX2")
    return f"{os.cpu_count()} cores of {name} ({widest}), Python {platform.python_version()}"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--output", type=click.Path(path_type=Path), required=True)
def main(folder: Path, output: Path) -> None:
    """Run every measurement and write the page."""
    parts = [
        "# Performance",
        f"Written by `make benchmarks` on {datetime.now(UTC).date().isoformat()}: {machine()}. Ratios are of runs in "
        "turn, so that whatever else the machine does falls on each alike; seconds are this machine's.",
    ]
    failed = False
    for title, command in MEASUREMENTS.items():
        script, *arguments = shlex.split(command)
        call = [
            sys.executable,
            "-W",
            "ignore",
            str(HERE / script),
            *(a.replace("FOLDER", str(folder)) for a in arguments),
        ]
        print(f"{title}: {command}", file=sys.stderr, flush=True)
        done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=False)
        printed = done.stdout.rstrip() if done.returncode == 0 else f"failed with exit code {done.returncode}"
        parts.append(f"## {title}\n\n    python -W ignore benchmarks/{command}\n\n```\n{printed}\n```")
        output.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        failed |= done.returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
