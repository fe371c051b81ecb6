"""Verdicts of ``bench check`` as text, JSON, JUnit XML and GitHub annotations.

Names of images, datasets and methods are other people's: nothing in them may end a line, an attribute or a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from bench.check.compare import Finding, Value
from bench.check.verdicts import Verdict
from bench.defaults import POWER
from bench.errors import printable

if TYPE_CHECKING:
    from bench.check.against import RevisionComparison

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_text(verdicts: Sequence[Verdict]) -> str:
    """Return one line a record, and below those that failed what differs: recorded, now, allowed."""
    lines = []
    for verdict in verdicts:
        title = f"{verdict.method} on {verdict.dataset} ({verdict.protocol})"
        lines.append(printable(f"{'FAILED' if verdict.failed else 'ok'}  {title}{_summary(verdict)}"))
        lines += [
            f"  {finding.state}  {describe_finding(finding)}" for finding in verdict.findings if finding.state != "ok"
        ]
    lines += [
        printable(_reach(verdict, verdict.smallest_fall)) for verdict in verdicts if verdict.smallest_fall is not None
    ]
    return "\n".join(lines)


def _reach(verdict: Verdict, fall: float) -> str:
    return (
        f"{verdict.dataset}: by correlations alone, a fall of SRCC by {fall:.2g} that noise makes is found with a "
        f"probability of {POWER:.0%} ({verdict.method}); the comparison of the scores guards against smaller ones"
    )


def _summary(verdict: Verdict) -> str:
    """Say of a record that passed how near to its reference it is."""
    by_name = {finding.what: finding for finding in verdict.findings}
    if verdict.failed or "srcc" not in by_name:
        return ""
    return f": SRCC {_number(by_name['srcc'].now)}; scores: {by_name['score'].words}"


def describe_finding(finding: Finding) -> str:
    """Return a finding on one line."""
    parts = [finding.what]
    if finding.reference is not None or finding.now is not None:
        parts.append(f"reference {_number(finding.reference)}, now {_number(finding.now)}")
    if finding.allowed is not None:
        parts.append(f"allowed ±{finding.allowed:.3g}")
    if finding.words:
        parts.append(finding.words)
    return printable(f"{parts[0]}: {'; '.join(parts[1:])}")


def _number(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)


def comparisons_to_text(found: Sequence[RevisionComparison], revision: str) -> str:
    """Return one line a method and dataset: SRCC at the revision and now, and whether the difference is significant."""
    lines = []
    for each in found:
        interval, p = each.difference.interval, each.p
        tested = "" if interval.low is None else f" [{interval.low:.4f}, {interval.high:.4f}]"
        parts = [
            f"SRCC {_number(each.then)} at {revision}, {_number(each.now)} now",
            f"difference {_number(each.difference.value)}{tested} on {each.n} images both scored",
            f"p (Holm) {p:.3g}" if p is not None else f"no test: {each.difference.reason}",
            f"{each.changed} scores differ",
        ]
        parts += [f"{each.lost} images lost their score"] if each.lost else []
        parts += [f"{each.gained} images have a score only now"] if each.gained else []
        lines.append(printable(f"{each.verdict}  {each.method} on {each.dataset}: {'; '.join(parts)}"))
    return "\n".join(lines)


def comparisons_to_json(found: Sequence[RevisionComparison]) -> str:
    """Return every comparison unrounded."""
    records = [{**asdict(each), "verdict": each.verdict, "failed": each.failed} for each in found]
    return json.dumps(records, indent=1, ensure_ascii=False)


def to_json(verdicts: Sequence[Verdict]) -> str:
    """Return every verdict with every number that was compared, unrounded."""
    records = [{**asdict(verdict), "failed": verdict.failed} for verdict in verdicts]
    return json.dumps(records, indent=1, ensure_ascii=False)


def to_junit(verdicts: Sequence[Verdict]) -> bytes:
    """Return JUnit XML: a suite a dataset, a test case a record, the differences as its failure's text."""
    root = ElementTree.Element("testsuites", name="bench check")
    for dataset in dict.fromkeys(verdict.dataset for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.dataset == dataset]
        failed = sum(verdict.failed for verdict in own)
        counts = {"tests": str(len(own)), "failures": str(failed), "errors": "0", "skipped": "0"}
        suite = ElementTree.SubElement(root, "testsuite", {"name": _xml(dataset), **counts})
        for verdict in own:
            name = _xml(f"{verdict.method} ({verdict.protocol})")
            case = ElementTree.SubElement(suite, "testcase", classname=_xml(dataset), name=name, time="0")
            if verdict.failed:
                faults = _faults(verdict)
                failure = ElementTree.SubElement(case, "failure", message=_xml(faults[0]), type="regression")
                failure.text = _xml("\n".join(faults))
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _faults(verdict: Verdict) -> list[str]:
    return [describe_finding(finding) for finding in verdict.findings if finding.state == "failed"]


def _xml(text: str) -> str:
    # Escaping makes no control character legal in XML 1.0.
    return _NOT_IN_XML.sub("\ufffd", text)


def to_github(verdicts: Sequence[Verdict], files: dict[str, Path]) -> str:
    """Return a workflow command ``::error`` for each record that failed.

    Args:
        verdicts: any.
        files: dataset → its reference file, which the annotation stands at.
    """
    lines = []
    for verdict in verdicts:
        if verdict.failed:
            place = _github_property(files[verdict.dataset].as_posix())
            title = _github_property(f"{verdict.method} on {verdict.dataset}")
            message = _github("\n".join([verdict.protocol, *_faults(verdict)]))
            lines.append(f"::error file={place},title={title}::{message}")
    return "\n".join(lines)


def _github(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github(text).replace(":", "%3A").replace(",", "%2C")
