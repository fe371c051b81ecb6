"""What memory is free, within the limits that are set."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.io.machine import free_memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says how many addresses are in use")
def test_a_limit_on_addresses_counts() -> None:
    call = "ulimit -v 1000000; exec \"$0\" -c 'from bench.io.machine import free_memory; print(free_memory())'"
    limited = int(
        subprocess.run(["bash", "-c", call, sys.executable], check=True, capture_output=True, text=True).stdout
    )
    assert 0 < limited < 1_000_000 * 1024
    assert free_memory() > 0
