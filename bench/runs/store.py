"""Store of results: a Parquet file of raw per-image scores for each identity, with a JSON sidecar.

``DIR/runs/<dataset>/<method name>@<key>/`` holds ``scores.parquet`` (image, score, error, mos and the labels'
attributes) and ``provenance.json``. The key is a hash of all that identifies a score, so a change makes
a new entry. While a run goes on, outcomes are appended to ``journal.jsonl``; what a killed run leaves
there is taken up by the next. All three have checksums (``checksums``).
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NamedTuple

from bench.datasets.dataset import Dataset
from bench.errors import BenchError, UsageError
from bench.io.atomic import make_folder, write_atomically
from bench.io.progress import warn
from bench.io.visible import quoted
from bench.runs import checksums
from bench.runs.columns import LabelColumns
from bench.runs.entry import FORMAT, PROVENANCE, SCORES, Entry, Identity, Json, read_entry
from bench.runs.journal import JOURNAL, Outcome, journal_lines, read_journal
from bench.runs.locks import locked, remove_folder
from bench.runs.twins import with_twins

RESULTS_VARIABLE = "BENCH_RESULTS"
_LISTED_FAILURES = 100  # the Parquet has them all
_SYNC_SECONDS = 1.0  # syncing after every batch would cost fast methods more time than the scores


class Damage(NamedTuple):
    """An entry with a file that is missing or not as it was written.

    Attributes:
        folder: of the entry.
        words: sentence that names the file and says what to do.
    """

    folder: Path
    words: str

    def concerns(self, dataset: str, method: str) -> bool:
        """Say whether it is an entry of a method, by its name, on a dataset, by its id."""
        return (self.folder.parent.name, self.folder.name.rpartition("@")[0]) == (slug(dataset), slug(method))


class Store:
    """A folder of results."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"

    @classmethod
    def locate(cls, option: str | None) -> Store:
        """Return the store of ``--results``, else of ``BENCH_RESULTS``, else ``results/`` here.

        Raises:
            UsageError: the option is an empty text.
        """
        if option == "":
            raise UsageError("--results got an empty text: give a folder, or leave the option out")
        return cls(Path(option or os.environ.get(RESULTS_VARIABLE) or "results"))

    def check_writable(self) -> None:
        """Raise UsageError unless entries can be written here; creates the folder."""
        try:
            make_folder(self.runs)
            with tempfile.TemporaryFile(dir=self.runs):
                pass
            keep_out_of_git(self.runs)
        except OSError as error:
            raise UsageError(
                f"--results got {self.root}, which cannot be written ({error.strerror}): "
                f"choose another folder, or set {RESULTS_VARIABLE}"
            ) from None

    def entries(self) -> tuple[list[Entry], list[Damage]]:
        """Return every entry, sorted by dataset, method and key, and what is damaged."""
        found, problems = [], []
        for folder in self._folders():
            try:
                found.append(_read_whole(folder))
            except UsageError as error:
                problems.append(Damage(folder, str(error)))
        found.sort(key=lambda e: (e.dataset.id, e.method.label, e.key))
        return with_twins(found), problems

    def has_results_on(self, dataset: str) -> bool:
        """Tell whether results on a dataset of that id are stored."""
        return (self.runs / slug(dataset)).is_dir()

    def _folders(self) -> list[Path]:
        """Return the folders with a file of an entry, in order."""
        return sorted({path.parent for name in (PROVENANCE, SCORES, JOURNAL) for path in self.runs.glob(f"*/*/{name}")})

    def verify(self) -> list[Verification]:
        """Read every file of every entry and compare it with its checksums, as ``bench results verify`` does."""
        return [_verify(folder) for folder in self._folders()]

    def readable_entries(self) -> list[Entry]:
        """Return the entries that can be read, and say on stderr which cannot."""
        entries, problems = self.entries()
        for problem in problems:
            warn(f"left out: {problem.words}")
        return entries

    def remove(self, key: str) -> Path:
        """Delete the entry with that key, damaged or not, and return the folder that it had.

        Raises:
            UsageError: there is none, or a run is writing to it.
        """
        folder = next((f for f in self.runs.glob("*/*") if f.name.rpartition("@")[2] == key), None)
        if folder is None:
            raise UsageError(f"no result with key {key} in {self.root}: see `bench results list`")
        remove_folder(folder)
        return folder

    @contextmanager
    def write(
        self,
        identity: Identity,
        described: Json,
        *,
        code: str = "",
        retry_failed: bool = False,
        rescore: bool = False,
    ) -> Iterator[EntryWriter]:
        """Open an entry for writing, with whatever outcomes it has already.

        Args:
            identity: what the scores are scores of.
            described: the sidecar's ``method`` and ``dataset`` blocks and whatever else it should say.
            code: hash of the code that computes the scores; empty where nobody knows.
            retry_failed: forget the failures that are stored.
            rescore: forget all that is stored, except what an unfinished run of the same code has left.

        Raises:
            UsageError: another process is writing to the same entry.
        """
        names = slug(str(identity.dataset["id"])), f"{slug(str(identity.method['name']))}@{identity.key}"
        folder = self.runs.joinpath(*names)
        begun = folder.is_dir()
        with writing(folder):
            make_folder(folder)
        with locked(folder):
            writer = EntryWriter(folder, identity, described, code, retry_failed, rescore)
            writer.left_unfinished = begun and not (writer.complete or rescore)
            try:
                yield writer
            finally:
                writer.close()


@dataclass(frozen=True)
class Verification:
    """What became of the files of an entry.

    Attributes:
        folder: of the entry.
        state: ``unchecked`` where the files can be read and have no checksums.
        words: what is damaged or missing; empty where nothing is.
    """

    folder: Path
    state: Literal["ok", "unfinished", "unchecked", "damaged"]
    words: str = ""


def _read_whole(folder: Path) -> Entry:
    """Read an entry and compare its files with their checksums.

    Raises:
        UsageError: it is damaged, or in the folder of another dataset, where somebody copied it to.
    """
    entry = read_entry(folder)
    entry.check()
    wanted = slug(str(entry.identity.dataset["id"]))
    if folder.parent.name != wanted:
        raise UsageError(
            f"{folder} holds a result on dataset {quoted(entry.dataset.id)}: move that folder into "
            f"{folder.parent.with_name(wanted)}, or delete it if the result is there already"
        )
    return entry


def _verify(folder: Path) -> Verification:
    try:
        entry = _read_whole(folder)
    except UsageError as error:
        return Verification(folder, "damaged", str(error))
    if not entry.sealed:
        return Verification(folder, "unchecked")
    return Verification(folder, "ok" if entry.complete else "unfinished")


class EntryWriter:
    """An entry that is being written. Made by :meth:`Store.write`.

    Attributes:
        done: outcomes by image.
        complete: whether no image is left to score.
        outdated: whether the sidecar declares something else than what is declared now.
        code_changed: whether some outcomes were computed by another state of the method's code.
        left_unfinished: whether an earlier run began to score and left something to this one.
    """

    left_unfinished = False

    def __init__(
        self, folder: Path, identity: Identity, described: Json, code: str, retry_failed: bool, rescore: bool
    ) -> None:
        self.folder, self._code = folder, code
        old = self._old()
        described = json.loads(json.dumps(described))  # as it reads back: lists for tuples
        self.meta: Json = {
            **(old or {}),
            **described,
            "format": FORMAT,
            "key": identity.key,
            "identity": identity.as_json(),
            "complete": bool(old and old["complete"]),
            "sessions": old["sessions"] if old else [],
        }
        # What is declared may be put right later, such as labels' attributes, training sets, notes and the label.
        self.outdated = old is not None and any(old.get(block) != self.meta[block] for block in described)
        self._journal: IO[bytes] | None = None
        self._synced = time.monotonic()
        known = self.meta.get("code", [])
        anew = rescore and (self.meta["complete"] or known != [code])
        self.meta["complete"] &= not anew
        stored = () if anew else self._stored_outcomes(old)
        self.done = {o.image: o for o in stored if not (retry_failed and o.error)}
        self.code_changed = bool(self.done and known and code and known != [code])
        self.complete = self.meta["complete"] and len(self.done) == len(stored)

    def _old(self) -> Json | None:
        if (self.folder / PROVENANCE).is_file():
            return read_entry(self.folder).meta
        if (self.folder / SCORES).is_file() and not (self.folder / JOURNAL).is_file():
            warn(f"{self.folder / PROVENANCE} is missing: all images are scored again")
        return None

    def _stored_outcomes(self, old: Json | None) -> Sequence[Outcome]:
        if self.meta["complete"]:
            return Entry(self.folder, self.meta).outcomes()
        sealed = old is None or Entry(self.folder, old).sealed
        journal = read_journal(self.folder / JOURNAL, self.meta["key"], sealed)
        if journal.problem and (old or journal.damaged):
            warn(journal.problem)
        return journal.outcomes

    def replace(self, outcomes: Iterable[Outcome]) -> None:
        """Put outcomes in place of all that there are, to be stored by :meth:`finish`."""
        self.done = {}
        self._note_code()
        self.done = {outcome.image: outcome for outcome in outcomes}

    def _note_code(self) -> None:
        """Record that outcomes are computed by the present code, beside that of those which are kept."""
        if not self.done:
            self.meta["code"] = []
        elif not self.meta.get("code"):
            return  # what computed those, nobody knows
        if self._code and self._code not in self.meta["code"]:
            self.meta["code"] = [*self.meta["code"], self._code]

    def append(self, outcomes: Iterable[Outcome]) -> None:
        """Add outcomes; once this returns they survive a kill, and a second later a power cut.

        Raises:
            BenchError: the disk is full or gone.
        """
        if not (new := list(outcomes)):
            return
        with writing(self.folder):
            journal = self._journal or self._continue()
            journal.write(journal_lines(new, self.meta["key"]))
            journal.flush()
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(journal.fileno())
                self._synced = time.monotonic()
            self.done |= {outcome.image: outcome for outcome in new}

    def _continue(self) -> IO[bytes]:
        self._note_code()
        return self._start_journal()

    def _start_journal(self) -> IO[bytes]:
        # Rewritten first: what a killed run left may end in half a line.
        write_atomically(self.folder / JOURNAL, journal_lines(self.done.values(), self.meta["key"]))
        self.meta["complete"] = False
        self._write_meta()
        self._journal = (self.folder / JOURNAL).open("ab")
        return self._journal

    def finish(self, dataset: Dataset, session: Json | None) -> None:
        """Write the Parquet file from the outcomes and the dataset's labels, and complete the sidecar.

        Args:
            dataset: gives order, labels and attributes.
            session: what to add to the sidecar's sessions; None where nothing was scored.

        Raises:
            BenchError: the disk is full or gone.
        """
        with writing(self.folder):
            self._finish(dataset, session)

    def _finish(self, dataset: Dataset, session: Json | None) -> None:
        # At any moment the journal or the finished entry is on the disk; each file is synced before the next changes.
        if self.meta["complete"] or not (self.folder / JOURNAL).is_file():
            self._start_journal()
        self.close()
        samples = [s for s in dataset.samples if s.name in self.done]
        outcomes = [self.done[s.name] for s in samples]
        failed = [outcome for outcome in outcomes if outcome.error]
        self._complete(LabelColumns(samples).outcomes_to_parquet(outcomes), len(outcomes), failed, session)

    def write_whole(self, scores: bytes, n: int, failed: Sequence[Outcome], session: Json) -> None:
        """Store a Parquet file of all outcomes in place of all that there is; no journal, where nothing can be lost.

        Raises:
            BenchError: the disk is full or gone.
        """
        self.meta["code"] = []
        with writing(self.folder):
            if self.done and self.meta.get(checksums.SCORES_HASH) != checksums.sha256(scores):
                self._start_journal()
            self.close()
            self._complete(scores, n, failed, session)

    def _complete(self, scores: bytes, n: int, failed: Sequence[Outcome], session: Json | None) -> None:
        digest = checksums.sha256(scores)
        if not (self.meta["complete"] and self.meta.get(checksums.SCORES_HASH) == digest):
            write_atomically(self.folder / SCORES, scores)
        failures = [{"image": outcome.image, "error": outcome.error} for outcome in failed[:_LISTED_FAILURES]]
        self.meta.update({checksums.SCORES_HASH: digest, "complete": True, "scored": n - len(failed)})
        self.meta.update(failed=len(failed), failures=failures)
        self.meta["sessions"] = [*self.meta["sessions"], *([session] if session else [])]
        self._write_meta()
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the journal; what was appended stays for the next run."""
        if self._journal is not None:
            # Everything was flushed as it was appended: on a full disk there is nothing more to lose.
            with suppress(OSError):
                os.fsync(self._journal.fileno())
            with suppress(OSError):
                self._journal.close()
            self._journal = None

    def _write_meta(self) -> None:
        write_atomically(self.folder / PROVENANCE, checksums.seal_record(self.meta))


def keep_out_of_git(folder: Path) -> None:
    """Make git ignore a folder: what is in it is data, not source, also inside somebody's repository."""
    write_atomically(folder / ".gitignore", b"*\n")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn a full disk, or one that is gone, into a BenchError that says what is kept."""
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"cannot write to {folder} ({error.strerror or error}): finished results are kept; "
            "free some space or choose another folder by --results, then run the same command again"
        ) from None


def slug(name: str) -> str:
    """Return a name of a dataset or a method as the name of a folder."""
    slug = urllib.parse.quote(name, safe=" +,=[]()")[:120]
    return slug if not slug.startswith(".") else f"%2E{slug[1:]}"
