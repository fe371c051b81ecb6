"""Run of methods on a dataset into the store, continuing what is already stored."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.datasets.dataset import Dataset
from bench.datasets.protocol import Protocol
from bench.errors import counted
from bench.io.images import POLICY
from bench.io.progress import note
from bench.plugins import options as method_options
from bench.plugins.method_source import hash_method
from bench.runs.entry import Entry, Identity, Json
from bench.runs.jobs import ImageToScore, LoadedMethod, MethodSpec, Settings
from bench.runs.scoring import plan_processes, score_items, scored_together
from bench.runs.speed import PartTimes
from bench.runs.store import EntryWriter, Store
from bench.runs.survey import Survey, across_splits_in, survey_images
from bench.runs.versions import versions

if TYPE_CHECKING:
    from bench.api import MethodInfo


@dataclass(frozen=True)
class RunResult:
    """One method on one dataset after a run.

    Attributes:
        entry: what is stored.
        new: how many images this run scored; 0 where the store had them all.
        code_changed: whether other scores were stored by another state of the method's code.
        undeclared: what the method must declare before its numbers are published.
    """

    entry: Entry
    new: int
    code_changed: bool = False
    undeclared: tuple[str, ...] = ()

    @property
    def cautions(self) -> list[str]:
        """Sentences on what must be done before the numbers are published."""
        trial = f"a trial on {self.entry.dataset.n} images" if self.entry.protocol.is_trial else ""
        undeclared = f"undeclared: declare {', '.join(self.undeclared)} before you publish" if self.undeclared else ""
        return [each for each in (trial, undeclared) if each]

    @property
    def remark(self) -> str:
        """What there is to say of scores that were stored before; empty where all are new."""
        if self.code_changed:
            how = "partly" if self.new else "already"
            return f"{how} stored, by code of the method that has changed since: --rescore scores again"
        return "" if self.new else "already stored"


def run(
    ready: Sequence[LoadedMethod],
    dataset: Dataset,
    store: Store,
    settings: Settings,
    *,
    split: str = "all",
    retry_failed: bool = False,
    rescore: bool = False,
) -> list[RunResult]:
    """Score a dataset by every method that has not done so, and store the outcomes as they come.

    Interrupted at any moment, what is stored stays; the same call goes on from there.

    Raises:
        UsageError: the split is unknown, or another run writes the same entry.
        BenchError: a worker process was killed, the disk is full, or an image was changed during the run.
    """
    split = dataset.split_meant(split)
    part, whole = dataset.split(split), dataset.labels_hash if split != "all" else ""
    survey = survey_images(part)
    remarks = survey.remarks(part)
    for remark in remarks:
        note(f"{part.id}: {remark}")
    shared = across_splits_in(dataset, part, survey)
    dataset = dataclasses.replace(part, notes=(*part.notes, *remarks), across_splits=shared)
    settings = settings.with_policy(dataset.resize)
    protocol = Protocol(
        split=split, resize=str(settings.resize), size=survey.protocol_size(dataset), saved_as=part.saved_as
    )
    if part.columns:
        note(f"{part.id}: {part.columns}")
    if part.unnamed:
        note(f"{part.id}: {counted(part.unnamed, 'image')} of the folder are not in its scores.csv, and left out")
    if protocol.saved_as:
        note(f"{part.id}: its images were saved again as {protocol.saved_as}, which is another protocol")
    if protocol.size:
        note(f"{part.id}: its images are of {protocol.size}, not of the card's size, which is another protocol")
    images_hash = survey.hash_of(dataset)
    about_images = {"sizes": dataclasses.asdict(survey.sizes_of(dataset)), "source": "run"}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                store.write(
                    _identity(one.spec, dataset, protocol, images_hash, settings),
                    {**describe_entry(one.spec.label, one.method.declared(), dataset, whole), **about_images},
                    code=hash_method(one.spec.method),
                    retry_failed=retry_failed,
                    rescore=rescore,
                )
            )
            for one in ready
        ]
        settings = dataclasses.replace(settings, apart=any(writer.left_unfinished for writer in writers))
        new = _fill(ready, dataset, survey, writers, settings)
        return [
            RunResult(Entry(w.folder, w.meta), n, w.code_changed, one.method.declared().undeclared)
            for one, w, n in zip(ready, writers, new, strict=True)
        ]


def describe_entry(label: str, info: MethodInfo, dataset: Dataset, whole_labels: str = "") -> Json:
    """Return the sidecar's blocks on a method and a dataset: all that a table needs to know of them."""
    method = info.as_json()
    del method["input"]  # part of the identity, where it stands already
    about = {f.name: getattr(dataset, f.name) for f in dataclasses.fields(dataset) if f.name != "samples"}
    return {
        "method": {**method, "label": label},
        "dataset": {
            **about,
            "n": len(dataset.samples),
            "attributes_hash": dataset.attributes_hash,
            **({"whole_labels": whole_labels} if whole_labels else {}),
        },
    }


def method_identity(spec: MethodSpec, settings: Settings) -> Json:
    """Return all of a loaded method that identifies its scores (JSON values)."""
    info = spec.method.info
    return {
        "name": info.name,
        "version": info.version,
        "options": method_options.identity(spec.options),
        "fingerprint": spec.fingerprint,
        "colour": info.input.colour,
        "resize": str(info.input.resize),
        "decode": POLICY,
        "seed": settings.seed if info.stochastic else None,
    }


def _identity(spec: MethodSpec, dataset: Dataset, protocol: Protocol, images_hash: str, settings: Settings) -> Identity:
    about = {"id": dataset.id, "labels": dataset.labels_hash, "images": images_hash}
    return Identity(method_identity(spec, settings), about, protocol)


def _fill(
    ready: Sequence[LoadedMethod],
    dataset: Dataset,
    survey: Survey,
    writers: Sequence[EntryWriter],
    settings: Settings,
) -> list[int]:
    items = _items_to_score(dataset, survey, writers)
    unfinished = [i for i, writer in enumerate(writers) if not writer.complete]
    new, seconds, times = [0] * len(ready), [0.0] * len(ready), [PartTimes() for _ in ready]
    workers: set[str] = set()
    devices: dict[int, str] = {}
    started, clock = datetime.now(UTC), time.perf_counter()
    for scored in score_items(ready, items, settings, dataset.id):
        for index, outcomes in scored.outcomes.items():
            writers[index].append(outcomes)
            new[index] += len(outcomes)
            seconds[index] += scored.seconds[index]
            times[index].add(len(outcomes), scored.seconds[index])
        devices |= scored.devices
        workers |= {scored.worker} - {""}
    wall = time.perf_counter() - clock
    for index, writer in enumerate(writers):
        if index not in unfinished:
            if writer.outdated:
                writer.finish(dataset, None)
            continue
        session = _session([one.spec for one in ready], index, settings, len(items), started)
        if index in devices:
            session = _at_a_cluster(session, devices[index], str(settings.scheduler), len(workers))
        session |= {"images": new[index], "method_seconds": seconds[index], "wall_seconds": wall}
        session["parts"] = times[index].parts
        session["images_per_second"] = len(items) / wall if items else None
        writer.finish(dataset, session)
    return new


def _items_to_score(dataset: Dataset, survey: Survey, writers: Sequence[EntryWriter]) -> list[ImageToScore]:
    items = []
    for sample in dataset.samples:
        wanted = tuple(i for i, writer in enumerate(writers) if sample.name not in writer.done)
        if wanted and sample.file is not None:
            items.append(survey.item(sample, wanted))
    return items


def _at_a_cluster(session: Json, device: str, scheduler: str, workers: int) -> Json:
    """Return a session without the processes of this machine, of which none scored."""
    kept = {name: value for name, value in session.items() if name not in ("processes", "threads", "with_methods")}
    return {**kept, "device": device, "scheduler": scheduler, "workers": workers}


def _session(specs: Sequence[MethodSpec], index: int, settings: Settings, n_images: int, started: datetime) -> Json:
    together = next(group for group in scored_together(specs, settings.workers) if index in group)
    plan = plan_processes(together.values(), n_images, settings)
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "device": ",".join(specs[index].devices),
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "processes": plan.processes,
        "threads": plan.threads,
        "with_methods": [spec.label for spec in together.values()],
        "versions": versions(),
    }
