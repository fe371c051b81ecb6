"""``bench check --against REVISION``: a method's code now and at a revision, on the same images, by a paired test."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import stats
from bench.check.compare import paired_bootstrap
from bench.check.verdicts import record_entry
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.defaults import ALPHA
from bench.errors import BenchError, UsageError
from bench.io.visible import quoted
from bench.plugins.registry import find_method, warn_about_plugins
from bench.runs import loading, runner
from bench.runs.entry import Entry
from bench.runs.jobs import Settings
from bench.runs.store import Store
from bench.tables.evaluation import signs_of


@dataclass(frozen=True)
class RevisionComparison:
    """One method on one dataset, by its code at a revision and by its code now.

    Attributes:
        dataset: id.
        method: label of its row.
        n: images with a label and a score on both sides, which the test rests on.
        then: SRCC at the revision, on all images that it scored there; None without one.
        now: SRCC of the present code.
        lost: images that had a score and have none now.
        gained: images that had none and have one now.
        changed: images whose scores differ.
        difference: of the SRCCs on the same images, now less then.
        p: of the difference, adjusted by Holm over all comparisons made together; None where there is no test.
    """

    dataset: str
    method: str
    n: int
    then: float | None
    now: float | None
    lost: int
    gained: int
    changed: int
    difference: stats.Difference
    p: float | None

    @property
    def verdict(self) -> str:
        """Say whether the present code is better, worse or neither, as far as these images tell."""
        if not (self.changed or self.lost or self.gained):
            return "same scores"
        if self.p is None or self.p >= ALPHA or not self.difference.value:
            return "no significant difference"
        return "better" if self.difference.value > 0 else "worse"

    @property
    def failed(self) -> bool:
        """Whether the present code is significantly worse, or fails on images that had a score."""
        return self.verdict == "worse" or self.lost > 0


def compare_revision(
    revision: str,
    datasets: Sequence[str],
    methods: Sequence[str],
    places: Roots,
    *,
    options: Sequence[str] = (),
    device: str = "auto",
) -> list[RevisionComparison]:
    """Score datasets by methods' code at a revision and by their present code, and compare the scores.

    The code at the revision runs in a git worktree, in a process of its own; nothing is stored.

    Args:
        revision: what ``git rev-parse`` knows: a commit, a tag, ``HEAD~1``.
        datasets: ids or paths.
        methods: names.
        places: where the folders of datasets are.
        options: of the methods, as ``METHOD.NAME=VALUE``.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UsageError: no dataset or method is given, a method's code is in no git repository, or there is no such
            revision.
        BenchError: the code at the revision cannot be run.
    """
    if not datasets or not methods:
        raise UsageError("--against compares methods on datasets: give a DATASET and --method NAME")
    specs = loading.method_specs(methods, options, device)
    warn_about_plugins()
    repository = _repository(methods)
    found = [resolve(text, places, "DATASET") for text in datasets]
    roots = [f"{name}={path}" for name, path in places.explicit.items()]
    words = ["--device", device]
    for name, values in (("--dataset", datasets), ("--method", methods), ("--option", options), ("--root", roots)):
        words += [word for value in values for word in (name, value)]
    with tempfile.TemporaryDirectory(prefix="bench-against-") as folder:
        old, new = (Store(Path(folder) / name) for name in ("then", "now"))
        with _worktree(repository, revision, Path(folder) / "tree") as tree:
            _score_there(repository, tree, revision, [*words, "--results", str(old.root)])
        ready = loading.load_methods(specs)
        now = [result.entry for each in found for result in runner.run(ready, each, new, Settings())]
        then = {(entry.dataset.id, entry.method.name): entry for entry in old.readable_entries()}
        return _adjusted([_compare(then[entry.dataset.id, entry.method.name], entry) for entry in now])


def _repository(methods: Sequence[str]) -> Path:
    """Return the git repository that holds the code of all these methods."""
    tops = set()
    for name in methods:
        file = Path(inspect.getfile(find_method(name)))
        asked = _git(file.parent, "ls-files", "--error-unmatch", "--", file.name)
        if asked.returncode:
            raise UsageError(
                f"--against: the code of {name} ({file}) is in no git repository: install its package from a clone by "
                "`pip install -e`"
            )
        tops.add(Path(_git(file.parent, "rev-parse", "--show-toplevel").stdout.strip()).resolve())
    if len(tops) > 1:
        raise UsageError("--against: the methods are of several repositories: compare those of one at a time")
    return tops.pop()


@contextmanager
def _worktree(repository: Path, revision: str, tree: Path) -> Iterator[Path]:
    known = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if known.returncode:
        raise UsageError(f"--against got {quoted(revision)}, which is no revision of {repository}")
    added = _git(repository, "worktree", "add", "--detach", str(tree), known.stdout.strip())
    if added.returncode:
        raise BenchError(f"--against: git cannot make a worktree of {repository}: {added.stderr.strip()}")
    try:
        yield tree
    finally:
        _git(repository, "worktree", "remove", "--force", str(tree))


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)


def _score_there(repository: Path, tree: Path, revision: str, words: Sequence[str]) -> None:
    # One process: workers of its own would import the present code.
    script = [sys.executable, "-P", str(Path(__file__).with_name("at_revision.py")), str(repository), str(tree)]
    done = subprocess.run([*script, "run", *words, "--workers", "1"], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise BenchError(f"--against: the code at {revision} does not score these datasets; its message is above")


def _compare(then: Entry, now: Entry) -> RevisionComparison:
    (old, _), (new, labels) = record_entry(then), record_entry(now)
    if old.identity["dataset"] != new.identity["dataset"]:
        raise BenchError(
            f"--against: the code there reads other labels or images of {now.dataset.id}: nothing compares"
        )
    shared = [name for name in old.scores if name in new.scores]
    signs = [signs_of(entry)[0] for entry in (then, now)], signs_of(now)[1]
    drawn = paired_bootstrap(old, new, labels, signs=signs)
    (difference,) = stats.paired_differences(drawn, [(1, 0)])
    return RevisionComparison(
        dataset=now.dataset.id,
        method=new.method,
        n=sum(name in old.scores and name in new.scores for name in labels.images),
        then=old.correlations.get("srcc"),
        now=new.correlations.get("srcc"),
        lost=len(old.scores) - len(shared),
        gained=len(new.scores) - len(shared),
        changed=sum(old.scores[name] != new.scores[name] for name in shared),
        difference=difference,
        p=difference.p_t,
    )


def _adjusted(found: Sequence[RevisionComparison]) -> list[RevisionComparison]:
    tested = [each.p for each in found if each.p is not None]
    adjusted = iter(stats.adjust(np.array(tested)).tolist() if tested else [])
    return [each if each.p is None else replace(each, p=next(adjusted)) for each in found]
