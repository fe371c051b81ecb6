"""What CI runs: the committed references, the script, and the commands and workflow of docs/guides/ci.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
import yaml  # timm, which open_clip depends on, brings it
from conftest import Ran

from bench.check import reference
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.plugins import registry

Bench = Callable[..., Ran]
ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "results" / "reference"
GUIDE = (ROOT / "docs" / "guides" / "ci.md").read_text(encoding="utf-8")


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in re.findall(r"^ {4}(bench .*)$", text, re.MULTILINE)]


def test_what_is_committed_can_be_used_and_is_of_the_methods_that_are_here() -> None:
    assert reference.names(COMMITTED) == ["clive_subset", "sample"]
    for name in reference.names(COMMITTED):
        found = reference.read(COMMITTED, name)
        assert all(update.reason for update in found.history)
        for record in found.records:
            method = record.identity["method"]
            assert registry.find_method(method["name"]).info.version == method["version"]
            assert not record.failures


def test_the_committed_reference_is_of_the_sample_that_is_built_here() -> None:
    labels = {r.identity["dataset"]["labels"] for r in reference.read(COMMITTED, "sample").records if r.n == 210}
    assert labels == {resolve("sample", Roots()).labels_hash}


@pytest.mark.slow
def test_a_fresh_run_on_the_sample_agrees_with_what_is_committed(bench: Bench) -> None:
    ran = bench("check", "sample", "--fresh", "--method", "bytes-per-pixel", "--reference", COMMITTED)
    assert ran.code == 0, ran.out
    assert "all identical" in ran.out


@pytest.mark.slow
def test_a_wrong_normalisation_in_niqe_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = registry.find_method("niqe")
    first = cls.score
    monkeypatch.setattr(cls, "score", lambda self, photos: [1.001 * score for score in first(self, photos)])
    kept = reference.read(COMMITTED, "sample")
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # workers would import the method as it is
    record = next(r for r in kept.records if r.method == "niqe")
    ran = bench("check", "sample", "--fresh", "--method", "niqe", "--reference", COMMITTED)
    assert ran.code == 1
    assert f"failed  score: reference {max(record.scores.values()):.6g}" in ran.out
    assert "srcc" not in ran.out


class Contrast(fakes.Brightness):
    info = fakes.info("contrast")


def test_the_guides_commands_do_what_it_says_and_its_workflow_bites(
    photos: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find_method", lambda name: {"contrast": Contrast}[name])
    listed = commands(GUIDE.split("## Check your own method")[1])
    *measuring, updating = listed
    assert len(measuring) == 3
    for arguments in measuring:
        assert bench(*arguments).code == 0, arguments
    workflow = yaml.safe_load(re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1])  # type: ignore[index]
    assert set(workflow["on"]) == {"push", "pull_request"}
    steps = workflow["jobs"]["check"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    (checking,) = [shlex.split(step["run"])[1:] for step in steps if step.get("run", "").startswith("bench ")]
    assert bench(*checking).code == 0
    uploaded = next(step["with"]["path"] for step in steps if "upload" in step.get("uses", ""))
    assert Path(uploaded).is_file()
    monkeypatch.setattr(Contrast, "score", lambda self, photos: [-float(p.pixels.mean()) for p in photos])
    ran = bench(*checking)
    assert ran.code == 1
    assert "::error file=results/reference/photos.json" in ran.out
    assert f"`{shlex.join(['bench', *updating[:-1]])} TEXT`, and commit the reference" in ran.err
    assert bench(*updating).code == 0
    assert bench(*checking).code == 0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A stand-in of the repository in which every program only writes down how it was called."""
    root = tmp_path / "repository"
    for name in (".venv/bin/bench", ".venv/bin/python", "bin/make"):
        program = root / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "${{0##*/}} $*" >> {tmp_path}/calls\n')
        program.chmod(0o755)
    (root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", root / ".ci" / "run")
    (root / ".venv/bin/python").write_text("#!/bin/sh\nexit 9\n")  # the wheel is not what these tests are about
    return root


ROOM = "--score-tolerance 0.01"


def run_ci(root: Path, **environment: str) -> tuple[int, str, list[str]]:
    path = f"{root / 'bin'}:{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    done = subprocess.run(
        ["bash", root / ".ci" / "run"],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, "PATH": path, **environment},
    )
    return done.returncode, done.stdout, (root.parent / "calls").read_text().splitlines()


def test_ci_checks_the_sample_always_and_says_that_the_other_is_absent(checkout: Path) -> None:
    _, out, calls = run_ci(checkout)
    assert calls == ["make test", f"bench check sample --fresh {ROOM}"]
    assert "clive_subset is absent: sample alone was compared" in out


def test_ci_checks_the_photographs_where_they_are_and_annotates_on_github(checkout: Path) -> None:
    (checkout.parent / "shared/data/human/clive_subset").mkdir(parents=True)
    _, out, calls = run_ci(checkout, GITHUB_ACTIONS="true")
    places = ("sample", "../shared/data/human/clive_subset")
    assert calls == ["make test", *(f"bench check {each} --fresh --github {ROOM}" for each in places)]
    assert "../shared has clive_subset" in out


def test_ci_fails_where_a_check_fails(checkout: Path) -> None:
    bench = checkout / ".venv/bin/bench"
    bench.write_text(bench.read_text() + "exit 1\n")
    code, out, _ = run_ci(checkout)
    assert code == 1
    assert "absent: sample alone" not in out


def called_by(step: dict[str, object], folder: Path, inputs: dict[str, str]) -> list[str]:
    """Run a step of the action with programs that only write down how they were called; return the calls."""
    for name in ("python", "bench"):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/bash\nprintf "%s|" "${{0##*/}}" "$@" >> {folder}/calls; echo >> {folder}/calls\n')
        program.chmod(0o755)
    given = {
        name: re.sub(r"\$\{\{ *(?:inputs|github)\.(\w+) *\}\}", lambda found: inputs[found[1]], value)
        for name, value in step["env"].items()  # type: ignore[attr-defined]
    }
    environment = {**os.environ, **given, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-e", "-c", str(step["run"])], env=environment, check=True, cwd=folder)
    return (folder / "calls").read_text().splitlines()


def test_the_action_installs_the_method_and_checks_and_reads_no_input_as_a_command(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {name: each["default"] for name, each in action["inputs"].items()}
    inputs |= {"datasets": "photos more", "report": "a b.xml; touch broken", "extras": "pyiqa", "action_path": "/here"}
    installing, checking = action["runs"]["steps"]
    assert called_by(installing, tmp_path, inputs)[-1] == "python|-m|pip|install|/here[pyiqa]|.|"
    calls = called_by(checking, tmp_path, inputs)
    assert calls[-1] == "bench|check|photos|more|--fresh|--github|--junit|a b.xml; touch broken|"
    assert not (tmp_path / "broken").exists()


@pytest.mark.slow
def test_the_hook_stops_a_push_that_changes_a_score(photos: Path, bench: Bench) -> None:
    for name in ("run", "check"):
        given = (
            ["--method", "bytes-per-pixel", "--dataset", photos]
            if name == "run"
            else [photos, "--update", "--reason", "x"]
        )
        assert bench(name, *given).code == 0
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"], hook["stages"]) == ("bench-check", "system", ["pre-push"])
    command = [*shlex.split(hook["entry"])[1:], str(photos)]
    assert bench(*command).code == 0
    next((photos / "images").iterdir()).write_bytes(b"")
    assert bench(*command).code == 1
