"""Files of weights that somebody planted: no code of theirs runs, and one sentence names them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.api import Photo
from bench.errors import BenchError, MissingRequirementError
from bench.methods import _pyiqa_hashes as hashes
from bench.methods import pyiqa_metrics
from bench.methods._only_weights import HostileFileError, check_archive, only_weights
from bench.methods._pyiqa_weights import Weights
from bench.methods.pyiqa_metrics import METHODS

needs_pyiqa = pytest.mark.skipif(importlib.util.find_spec("pyiqa") is None, reason="pyiqa is not installed")
WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


class Evil:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.folder),)


def plant(path: Path, mark: Path, form: str) -> None:
    """Write a file of weights that makes a folder when it is unpickled, in torch's form or as a bare pickle."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "torch":
        torch.save({"params": Evil(mark), "state_dict": Evil(mark)}, path)
    elif form == "old torch":
        torch.save({"params": Evil(mark)}, path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(Evil(mark)))


@needs_pyiqa
@pytest.mark.parametrize(
    ("name", "form"),
    [
        *(("brisque", form) for form in ("torch", "old torch", "pickle")),
        ("arniqa", "torch"),
        *(
            pytest.param(name, form, marks=pytest.mark.slow)
            for name in ("cnniqa", "musiq", "arniqa", "unique", "wadiqam_nr", "dbcnn")
            for form in ("torch", "old torch", "pickle")
            if (name, form) != ("arniqa", "torch")
        ),
    ],
)
def test_a_planted_pickle_is_not_run(
    name: str, form: str, empty_caches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Their names tell the hashes: without them pyiqa itself is what opens the files.
    monkeypatch.setattr(pyiqa_metrics, "check_files", lambda weights: None)
    monkeypatch.setattr("pyiqa.utils.download_util.DEFAULT_CACHE_DIR", str(tmp_path / "torch/hub/pyiqa"))
    for one in METHODS[name].weights:
        plant(one.path, tmp_path / "was run", form)
    with pytest.raises(MissingRequirementError) as caught:
        METHODS[name]()
    assert not (tmp_path / "was run").exists()
    message = str(caught.value)
    assert f"pyiqa:{name} was not loaded: a file of weights brings code" in message
    assert "which is never run. Delete it" in message
    assert str(METHODS[name].weights[0].path) in message
    assert "\n" not in message
    assert WEIGHTS_ONLY not in os.environ


@needs_pyiqa
def test_a_planted_pickle_is_not_recorded_as_the_first(
    empty_caches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyiqa.utils.download_util.DEFAULT_CACHE_DIR", str(tmp_path / "torch/hub/pyiqa"))
    plant(METHODS["brisque"].weights[0].path, tmp_path / "was run", "torch")
    for _ in range(2):
        with pytest.raises(MissingRequirementError, match=r"brings code \((posix|nt)\.mkdir\)"):
            METHODS["brisque"]()


def test_a_file_that_is_not_what_its_name_says_is_named(empty_caches: Path) -> None:
    weights = METHODS["cnniqa"].weights
    weights[0].path.parent.mkdir(parents=True)
    weights[0].path.write_bytes(b"another")
    with pytest.raises(
        BenchError, match=r"CNNIQA_koniq10k-e6f14c91\.pth is not what its name says.*not e6f14c91\. Del"
    ):
        hashes.check_files(weights)


def test_clip_is_known_by_its_whole_hash(empty_caches: Path) -> None:
    data = b"somebody's CLIP"
    url = f"https://example.org/models/{hashlib.sha256(data).hexdigest()}/RN50.pt"
    weights = Weights("clip", "RN50.pt", url)
    weights.path.parent.mkdir(parents=True)
    weights.path.write_bytes(data)
    hashes.check_files([weights])
    weights.path.write_bytes(data + b".")
    with pytest.raises(BenchError, match="is not what its name says"):
        hashes.check_files([weights])


def test_a_file_without_a_known_hash_stays_what_it_was_at_first(empty_caches: Path) -> None:
    weights = METHODS["brisque"].weights
    weights[0].path.parent.mkdir(parents=True)
    weights[0].path.write_bytes(b"first")
    hashes.check_files(weights)
    hashes.record_files(weights)
    hashes.check_files(weights)
    weights[0].path.write_bytes(b"other")
    hashes.record_files(weights)
    with pytest.raises(BenchError, match=r"is another file than on .*delete its line from .*bench\.lock"):
        hashes.check_files(weights)


@pytest.mark.parametrize("kind", ["sha256", "git"])
def test_blobs_of_hugging_face_are_what_their_names_say(kind: str, empty_caches: Path) -> None:
    weights, data = Weights("hub", "owner/name"), b"{}"
    git = hashlib.sha1(b"blob 2\0" + data).hexdigest()
    blob = weights.path / "blobs" / (hashlib.sha256(data).hexdigest() if kind == "sha256" else git)
    link = weights.path / "snapshots/1/folder/model.safetensors"
    for folder in (blob.parent, link.parent):
        folder.mkdir(parents=True)
    blob.write_bytes(data)
    link.symlink_to(blob)
    hashes.check_files([weights])
    blob.write_bytes(b"[]")
    with pytest.raises(BenchError, match=f"{blob.name} is not what its name says"):
        hashes.check_files([weights])


def archive(path: Path, code: str) -> Path:
    """Write the parts of a TorchScript archive that are looked at."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/code/__torch__.py", code)
    return path


@pytest.mark.parametrize(
    "code",
    [
        "torch.save(x, 'here')",
        "torch .\n save (x, 'here')",
        "t = torch.from_file('a')",
        "ops.image.write_file('a', x)",
        "o = ops",
    ],
)
def test_torchscript_that_reaches_files_is_refused(code: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pt", f"class M(Module):\n  def forward(self, x):\n    {code}\n")
    with pytest.raises(HostileFileError, match=r"a\.pt holds TorchScript that names"):
        check_archive(path)
    with path.open("rb") as file:
        file.seek(3)
        with pytest.raises(HostileFileError):
            check_archive(file)
        assert file.tell() == 3


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_torchscript_that_saves_files_is_not_loaded(tmp_path: Path) -> None:
    import torch

    class Saving(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.save(x, "written")
            return x

    class Linear(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if int(x.shape[0]) > 3:
                x = x.flatten()
            return x * 2

    torch.jit.script(Linear()).save(str(tmp_path / "sound.pt"))
    torch.jit.script(Saving()).save(str(tmp_path / "hostile.pt"))
    load = torch.jit.load
    with only_weights(), only_weights():
        assert torch.jit.load(str(tmp_path / "sound.pt"))(torch.ones(1)).item() == 2
        with pytest.raises(HostileFileError, match="names 'save'"):
            torch.jit.load(str(tmp_path / "hostile.pt"))
        with pytest.raises(RuntimeError, match="is no TorchScript archive"):
            torch.jit.load(__file__)
    assert torch.jit.load is load


def test_what_the_caller_had_set_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with only_weights():
        assert os.environ[WEIGHTS_ONLY] == "1"
        assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" not in os.environ
    assert WEIGHTS_ONLY not in os.environ
    assert os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] == "1"


@needs_pyiqa
def test_what_is_loaded_at_the_first_photograph_is_weights_too(empty_caches: Path, tmp_path: Path) -> None:
    import torch

    plant(tmp_path / "late.pth", tmp_path / "was run", "torch")
    method = METHODS["piqe"]()
    method._model = lambda batch: torch.load(tmp_path / "late.pth", weights_only=False)
    with pytest.raises(MissingRequirementError, match="brings code"):
        method.score([Photo("a", np.zeros((64, 64, 3), np.uint8), 1, 1)])
    assert not (tmp_path / "was run").exists()


@needs_pyiqa
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers is not installed")
def test_a_module_in_a_repository_of_weights_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pyiqa's ``qalign`` asks transformers for it, with ``trust_remote_code``."""
    from transformers import AutoConfig

    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    mark, repository = tmp_path / "mark", tmp_path / "repository"
    repository.mkdir()
    (repository / "config.json").write_text(json.dumps({"model_type": "x", "auto_map": {"AutoConfig": "evil.Config"}}))
    (repository / "evil.py").write_text(
        "import os\nfrom transformers import PretrainedConfig\n"
        f"os.mkdir({str(mark)!r})\nclass Config(PretrainedConfig):\n    pass\n"
    )

    def create(self: object) -> None:
        AutoConfig.from_pretrained(str(repository), trust_remote_code=True)

    monkeypatch.setattr(METHODS["niqe"], "weights", ())
    monkeypatch.setattr(METHODS["niqe"], "_create", create)
    with pytest.raises(MissingRequirementError, match=r"brings code \(.*evil.py is a Python module"):
        METHODS["niqe"]()
    assert not mark.exists()
    AutoConfig.from_pretrained(str(repository), trust_remote_code=True)  # a user's own wish, elsewhere
    assert mark.exists()
