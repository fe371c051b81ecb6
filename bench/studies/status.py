"""``bench status``: what of a study is done, what is missing, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import counted
from bench.plugins.method_source import hash_method
from bench.results.wording import public
from bench.runs.entry import SCORES, Entry
from bench.studies.file import Study, read_study
from bench.studies.plan import Part, parts_of
from bench.studies.run import store_of
from bench.views.model import Record, Sentence, Value, View
from bench.views.shown import Views

State = Literal["done", "unfinished", "missing"]


@dataclass(frozen=True)
class PartState:
    """What is stored of one result that a study needs.

    Attributes:
        part: the result.
        entry: what is stored; None where nothing is.
        state: whether it is complete.
        remark: what it lacks, or what must be known of it; empty where there is nothing to say.
    """

    part: Part
    entry: Entry | None
    state: State
    remark: str


@public
def study_status(file: str | os.PathLike[str], *, results: str | os.PathLike[str] | None = None) -> Views:
    r"""Return what of a study is done, what is missing, and what each result lacks, as ``bench status`` prints it.

    No image and no weights are read: a result counts as done where the store has it for the same method, version,
    options, labels and protocol.

    Args:
        file: the study, a TOML file.
        results: folder of the store; None: what the study says.

    Raises:
        UsageError: the file is not what it should be.

    Example:
        >>> _ = Path("study.toml").write_text('methods = ["niqe", "bytes-per-pixel"]\ndatasets = ["sample"]\n')
        >>> list(study_status("study.toml").to_frame()["state"])
        ['done', 'done']
    """
    study = read_study(Path(file))
    store = store_of(study, results)
    with study.folder():
        entries = store.readable_entries()
        states = [_state(part, part.stored(entries)) for part in parts_of(study)]
        outputs = {each: _output_state(each, states) for each in study.files}
    return Views((_results_view(study, states), *([_outputs_view(outputs)] if outputs else [])))


def _state(part: Part, entry: Entry | None) -> PartState:
    if entry is None:
        return PartState(part, None, "missing", part.lacks)
    if not entry.complete:
        told = f"{entry.outcomes_so_far():,} of {entry.dataset.n:,} images; {part.lacks}".rstrip("; ")
        return PartState(part, entry, "unfinished", told)
    remarks = [f"{counted(entry.failed, 'image')} failed"] if entry.failed else []
    code = hash_method(part.spec.method)
    if entry.code and code and entry.code != (code,):
        remarks.append("by code of the method that has changed since: --rescore scores again")
    remarks += ["the method is undeclared"] if part.spec.method.info.undeclared else []
    return PartState(part, entry, "done", "; ".join(remarks))


def _output_state(file: str, states: Sequence[PartState]) -> str:
    if not Path(file).is_file():
        return "not written"
    newest = max((_written(each.entry) for each in states if each.entry), default=0.0)
    return "older than the results" if Path(file).stat().st_mtime < newest else "written"


def _written(entry: Entry) -> float:
    scores = entry.folder / SCORES
    return scores.stat().st_mtime if scores.is_file() else 0.0


def _results_view(study: Study, states: Sequence[PartState]) -> View:
    head = ["method", "dataset", "split", "resize", "seed", "state", "remark"]
    lines = [[Value(text) for text in _line(each)] for each in states]
    missing = [each for each in states if each.state != "done"]
    captions: list[Sentence] = [f"{len(states) - len(missing)} of {counted(len(states), 'result')} done."]
    if missing:
        captions.append(f"bench run {_shown(study.path)} computes what is missing, where nothing lacks.")
    return View([Value(text) for text in head], [("", lines)], captions, [_record(each) for each in states])


def _shown(path: Path) -> str:
    """Return a path as it can be given here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _line(each: PartState) -> list[str]:
    part = each.part
    seed = "-" if part.seed is None else str(part.seed)
    return [part.spec.label, part.dataset, part.split, part.resize, seed, each.state, each.remark or "-"]


def _record(each: PartState) -> Record:
    part = each.part
    about = {"method": part.spec.label, "dataset": part.dataset, "split": part.split, "resize": part.resize}
    key = each.entry.key if each.entry else None
    return {**about, "seed": part.seed, "state": each.state, "remark": each.remark or None, "key": key}


def _outputs_view(outputs: dict[str, str]) -> View:
    lines = [[Value(file), Value(state)] for file, state in outputs.items()]
    records = [{"file": file, "state": state} for file, state in outputs.items()]
    return View([Value("file"), Value("state")], [("", lines)], [], records)
