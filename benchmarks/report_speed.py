"""Time a large report: making it from published scores, its size, and how long a browser takes to open it.

Run: python benchmarks/report_speed.py FOLDER

FOLDER has one CSV a dataset with the columns image, mos and one column a model. The page is opened five times in
headless Chromium, each time in a browser of its own; "open" ends with the load event, "plot" when the first dataset's
points are drawn after that, "switch" when another dataset's are.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

OPENED = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def bench(store: str, *arguments: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench", *arguments, "--results", store]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def opened(page_file: Path, chromium: str) -> tuple[float, float, float]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
        start = time.perf_counter()
        page.evaluate("document.getElementById('images').scrollIntoView({ behavior: 'instant' })")
        page.wait_for_function("document.getElementById('scatter-about').textContent")
        plot = time.perf_counter() - start
        start = time.perf_counter()
        page.locator("#chosen [name=dataset]").select_option(index=3)
        switch = time.perf_counter() - start
        browser.close()
    return loaded, plot, switch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store, page = f"{scratch}/results", Path(scratch, "report.html")
        for path in sorted(args.folder.glob("*.csv")):
            bench(store, "import", str(path), "--wide", "--dataset", path.stem)
        made = bench(store, "report", "--output", str(page))
        size = page.stat().st_size / 1e6
        times = [opened(page, args.chromium) for _ in range(OPENED)]
    open_s, plot_s, switch_s = (statistics.median(each) for each in zip(*times, strict=True))
    print(
        f"made in {made:.1f} s, {size:.1f} MB; median of {OPENED}: open {open_s:.2f} s (slowest {max(times)[0]:.2f} s)"
        f", plot {plot_s:.2f} s, switch {switch_s:.2f} s"
    )


if __name__ == "__main__":
    main()
