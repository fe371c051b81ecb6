from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import fakes
import pytest
import tiny_training

from bench.api import Monitor
from bench.methods.qualiclip.config import TrainingConfig
from bench.plugins.options import describe_options, values_from_table
from bench.plugins.registry import catalogue

Bench = Callable[..., Any]


class Trained(fakes.Brightness):
    """Remembers how it was to be trained."""

    Training = TrainingConfig
    calls: ClassVar[list[dict[str, Any]]] = []

    @classmethod
    def presets(cls) -> Mapping[str, Mapping[str, Any]]:
        return {"paper": {"lr": 3.0, "batch": 4, "epochs": 5}, "odd": {"lr": "high"}}

    @classmethod
    def train(
        cls, config: TrainingConfig, pristine: Path, output: Path, *, resume: bool, monitors: Mapping[str, Monitor]
    ) -> str:
        cls.calls.append({"config": config, "pristine": pristine, "output": output, "resume": resume})
        watched = {
            name: monitor(lambda photos: [float(p.pixels.mean()) for p in photos]) for name, monitor in monitors.items()
        }
        cls.calls[-1]["watched"] = watched
        return "trained"


@pytest.fixture
def train(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("bench.cli.train._trainable", lambda: {"brightness": Trained})
    monkeypatch.setattr(Trained, "calls", [])

    def call(*args: object) -> Any:
        return bench("train", "brightness", "--pristine", "in", "--output", "out", *args)

    return call


def test_options_win_over_the_file_and_the_file_over_the_preset(train: Bench, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('batch = 6\nepochs = 7\ntrain = "head"\nm_cons = 1\n')
    done = train("--preset", "paper", "--config", "my.toml", "--epochs", 8, "--checkpointing", "true", "--resume")
    assert (done.code, done.out) == (0, "trained\n")
    (call,) = Trained.calls
    assert call["config"] == TrainingConfig(lr=3.0, batch=6, epochs=8, train="head", m_cons=1.0, checkpointing=True)
    assert (call["pristine"], call["output"], call["resume"]) == (Path("in"), Path("out"), True)
    train()
    assert Trained.calls[1]["config"] == TrainingConfig()
    assert not Trained.calls[1]["resume"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--lr", "fast"], "--lr got 'fast': use a value of type float"),
        (["--lr", "inf"], "--lr got 'inf': use a finite number"),
        (["--weight-decay", "-1"], "training brightness: weight_decay got -1.0: it must be at least 0"),
        (["--checkpointing", "perhaps"], "--checkpointing got 'perhaps': use true or false"),
        (["--schedule", "cosin"], "--schedule got 'cosin': use one of constant, cosine"),
        (["--preset", "papper"], "--preset got 'papper': use one of paper, odd. Did you mean 'paper'?"),
        (["--preset", "odd"], "preset odd: lr got 'high': use a value of type float"),
        (["--config", "typo.toml"], "typo.toml has 'epoch', which is not a hyperparameter. Did you mean 'epochs'"),
        (["--config", "type.toml"], "type.toml: batch got 2.5: use a value of type int"),
        (["--config", "bool.toml"], "bool.toml: epochs got True: use a value of type int"),
        (["--config", "broken.toml"], "--config broken.toml is not valid TOML: "),
        (["--val-dataset", "nowhere"], "--val-dataset got 'nowhere', which is neither a known id nor a path"),
        (["--epoch", "3"], "No such option '--epoch'"),
    ],
)
def test_a_mistake_is_one_sentence(train: Bench, tmp_path: Path, args: list[str], message: str) -> None:
    for name, text in {
        "typo": "epoch = 3",
        "type": "batch = 2.5",
        "bool": "epochs = true",
        "broken": "epochs = = 2",
    }.items():
        (tmp_path / f"{name}.toml").write_text(text)
    done = train(*args)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not Trained.calls


def test_a_method_that_cannot_be_trained_is_refused(bench: Bench) -> None:
    done = bench("train", "niqe", "--pristine", "in", "--output", "out")
    assert done.code == 2
    assert "METHOD got 'niqe', which cannot be trained. Trainable methods: qualiclip" in done.err
    assert (
        "--pristine got in, which is not a folder" in bench("train", "qualiclip", "--pristine=in", "--output=out").err
    )


def test_help_lists_every_hyperparameter_with_type_default_and_help(bench: Bench) -> None:
    done = bench("train", "qualiclip", "--help")
    text = " ".join(done.out.split())
    assert done.code == 0
    assert "--lr FLOAT learning rate of AdamW [default: 1e-09]" in text
    assert "--schedule constant|cosine schedule of the learning rate [default: constant]" in text
    assert "--monotone-only true|false" in text
    for name in TrainingConfig.__dataclass_fields__:
        assert f"--{name.replace('_', '-')} " in text
    assert "qualiclip" in bench("train", "--help").out


def test_a_validation_dataset_gives_its_oriented_srcc(train: Bench, photos: Path) -> None:
    lines = (photos / "scores.csv").read_text().splitlines()
    from bench.io.images import decode, read_bytes

    means = {
        line.split(",")[0]: decode(read_bytes(photos / line.split(",")[0]), "x").pixels.mean() for line in lines[1:]
    }
    order = sorted(means, key=means.__getitem__)
    (photos / "scores.csv").write_text(
        "image,score\n" + "".join(f"{name},{-i}\n" for i, name in enumerate(order)) + "images/none.png,3\n"
    )
    assert train("--val-dataset", photos).code == 0
    assert Trained.calls[0]["watched"] == {"photos": -1.0}


def test_a_validation_dataset_without_labels_is_refused(train: Bench, photos: Path) -> None:
    (photos / "scores.csv").unlink()
    done = train("--val-dataset", photos)
    assert done.code == 2
    assert "--val-dataset got 'photos', which has no labels" in done.err


def trainable() -> list[type[Any]]:
    return [method for method in catalogue().methods.values() if method.Training is not None]


@pytest.mark.parametrize("method", trainable(), ids=lambda method: method.info.name)
def test_every_preset_of_every_method_is_a_configuration(method: type[Any]) -> None:
    assert method.presets()
    for name, values in method.presets().items():
        assert method.Training(**values_from_table(method.Training, values, name))
    assert all(info.help for info in describe_options(method.Training))


def test_an_interrupt_before_training_begins_is_one_sentence(train: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **named: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trained, "train", interrupt)
    done = train()
    assert (done.code, done.err) == (130, "bench: interrupted; if out has a saved state, --resume continues from it\n")


STOPPED = """
import sys
import torch
import tiny_training
import bench.cli.train
from bench.cli import main
from test_train_command import Trained
from bench.methods.qualiclip.photographs import find_photographs
from bench.methods.qualiclip.trainer import train

torch.set_num_threads(1)

class Tiny(Trained):
    @classmethod
    def train(cls, config, pristine, output, *, resume, monitors):
        subject = tiny_training.subject(tiny_training.Tiny())
        return train(subject, config, find_photographs(pristine), output, resume=resume, monitors=monitors)

bench.cli.train._trainable = lambda: {"tiny": Tiny}
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_ctrl_c_saves_the_state_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tiny_training.photographs(tmp_path / "pristine", 6)
    (tmp_path / "script.py").write_text(STOPPED)
    root = Path(tiny_training.__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (root, root / "tests" / "helpers", Path(__file__).parent))),
        "OMP_NUM_THREADS": "1",
    }
    options = {"batch": 2, "crop": 32, "held-out": 0, "workers": 1, "device": "cpu", "log-every": 1, "epochs": 10**6}
    command = [sys.executable, tmp_path / "script.py", "train", "tiny", "--pristine", folder, "--output", "out"]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    log = tmp_path / "out" / "log.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (not log.exists() or log.read_text().count("\n") < 3):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    last = err.strip().splitlines()[-1]
    step = int(last.removeprefix("bench: stopped at step ").partition(" ")[0])
    assert "the state is saved in out: the same command with --resume continues from there" in last
    assert "Traceback" not in err
    import torch

    assert torch.load(tmp_path / "out" / "state.pt", weights_only=True)["step"] == step
    assert json.loads(log.read_text().splitlines()[-1])["step"] == step
