from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import math
import os
import pickle
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.api import UNKNOWN, Family, Photo
from bench.errors import ImageError, MissingRequirementError
from bench.methods import pyiqa_metrics
from bench.methods._pyiqa_weights import Weights
from bench.methods.pyiqa_metrics import METHODS, PyiqaMethod, fingerprint_of, read_table

HAS_PYIQA = importlib.util.find_spec("pyiqa") is not None
needs_pyiqa = pytest.mark.skipif(not HAS_PYIQA, reason="pyiqa is not installed")

# Metrics that pyiqa lists as no-reference but that judge sets of images, or an image and its caption.
NOT_ONE_PHOTOGRAPH = {"fid", "sfid", "fid_dinov2", "inception_score", "clipscore"}
STORES = {"pyiqa", "torch", "clip", "openai-clip", "hub"}
ROW_KEYS = {
    *("name", "alias", "family", "opinion_aware", "trained_on", "source", "range", "lower_better", "batching"),
    *("network", "weights", "packages", "cuda", "tags", "licence", "citation", "code", "summary"),
}

TABLE, ROWS = read_table()
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])


def photo(height: int, width: int, seed: int = 0) -> Photo:
    """A smooth scene with texture: uniform noise would leave PIQE nothing to tell apart."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    scene = 128 + 60 * np.sin(x / (9 + seed)) * np.cos(y / 13) + rng.normal(0, 8, (height, width))
    pixels = np.clip(np.stack([scene, scene * 0.9, 255 - scene], axis=2), 0, 255).astype(np.uint8)
    return Photo(f"{seed}.png", pixels, 1000, height * width)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def refuse(request: urllib.request.Request, timeout: float) -> None:
        assert 0 < timeout <= 30
        asked.append(request.full_url)
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return asked


# --- the table against the installed pyiqa ---


def pyiqa_configs() -> dict[str, dict[str, Any]]:
    configs = importlib.import_module("pyiqa.default_model_configs").DEFAULT_CONFIGS
    return {name: config for name, config in configs.items() if config["metric_mode"] == "NR"}


@needs_pyiqa
def test_table_lists_every_no_reference_metric_of_pyiqa():
    known = set(pyiqa_configs()) - NOT_ONE_PHOTOGRAPH
    new = sorted(known - set(METHODS))
    assert not new, (
        f"{pyiqa_metrics.VERSION} has metrics that methods/pyiqa_metrics.toml lacks: {', '.join(new)}. "
        "Add a [[method.variant]] for each, or its name to NOT_ONE_PHOTOGRAPH here."
    )
    gone = sorted(set(METHODS) - known)
    if gone:
        pytest.skip(f"{pyiqa_metrics.VERSION} lacks {', '.join(gone)}, which later versions have")


@needs_pyiqa
@each_row
def test_direction_and_range_agree_with_pyiqa(row: dict[str, Any]):
    config = pyiqa_configs().get(row["name"])
    if config is None:
        pytest.skip(f"not in {pyiqa_metrics.VERSION}")
    assert config.get("lower_better", False) == row.get("lower_better", False)
    low, high = (part.strip() for part in config["score_range"].split(","))
    assert row["range"][0] <= rough(low, -math.inf)
    assert row["range"][1] >= rough(high, math.inf)


def rough(bound: str, unbounded: float) -> float:
    return unbounded if bound == "~" else float(bound.lstrip("~"))


@needs_pyiqa
def test_weight_files_are_those_that_pyiqa_names():
    known = set()
    archs = importlib.import_module("pyiqa.archs").__path__[0]
    for source in Path(archs).glob("*_arch.py"):
        known.add(source.read_text(encoding="utf-8"))
    text = "\n".join(known)
    own = {
        one.name for m in METHODS.values() for one in m.weights if one.store in ("pyiqa", "torch") and not one.address
    }
    unknown = sorted(name for name in own if name not in text)
    assert not unknown, f"{pyiqa_metrics.VERSION} reads other files than {', '.join(unknown)}"


@pytest.mark.slow
@needs_pyiqa
def test_cache_rules_are_those_of_the_loaders(empty_caches: Path):
    script = (
        "import torch.hub, huggingface_hub.constants as h, pyiqa.utils.download_util as d;"
        "from pyiqa.archs.arch_util import get_url_from_name as u;"
        "print(torch.hub.get_dir(), d.DEFAULT_CACHE_DIR, h.HF_HUB_CACHE, u('a+b.pth'), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    hub, pyiqa_cache, hf_cache, url = done.stdout.split()[-4:]
    assert Weights("torch", "x.pth", "https://e.org/x.pth").path == Path(hub, "checkpoints", "x.pth")
    assert Weights("pyiqa", "a+b.pth").path == Path(pyiqa_cache, "a%2Bb.pth")
    assert Weights("hub", "o/n").path == Path(hf_cache, "models--o--n")
    assert Weights("pyiqa", "a+b.pth").url == url


# --- the table by itself ---


@each_row
def test_row_is_complete(row: dict[str, Any]):
    assert set(row) <= ROW_KEYS, "an unknown key, perhaps a typing error"
    assert row["source"].strip()
    assert row.get("batching", "one") in ("one", "same-size")
    assert all(entry.split("/")[0] in STORES for entry in row.get("weights", ()))
    needs_address = [e for e in row.get("weights", ()) if e.split("/")[0] in ("clip", "openai-clip")]
    assert all(entry in TABLE["url"] for entry in needs_address)


def test_table_has_no_address_or_size_of_a_file_that_nothing_reads():
    read = {entry for row in ROWS for entry in row.get("weights", ())}
    assert not (set(TABLE["url"]) | set(TABLE["size_mb"])) - read


@each_method
def test_metadata(method: type[PyiqaMethod]):
    info = method.info
    assert info.name == f"pyiqa:{method.metric}"
    assert info.version == pyiqa_metrics.VERSION
    assert info.licence.startswith("PolyForm-Noncommercial")
    assert info.family is not Family.UNDECLARED
    assert info.opinion_aware is (info.family is Family.MOS_TRAINED)
    assert all(name == name.lower() for name in info.trained_on)
    if info.family in (Family.MOS_TRAINED, Family.ZERO_SHOT, Family.SELF_SUPERVISED):
        assert info.trained_on, "a trained method was trained on something"


@each_method
def test_what_stands_on_clip_or_a_language_model_says_that_its_pictures_are_unknown(method: type[PyiqaMethod]):
    web_scale = any(
        one.store in ("clip", "openai-clip") or "timm" not in one.url
        for one in method.weights
        if one.store in ("clip", "openai-clip", "hub")
    )
    assert not web_scale or UNKNOWN in method.info.trained_on


def test_names_and_aliases_are_unique():
    names = [name for m in METHODS.values() for name in (m.info.name, *m.info.aliases)]
    assert len(names) == len(set(names))
    assert {"piqe", "musiq", "clipiqa+"} <= set(names)
    assert not {"niqe", "qualiclip", "clipiqa"} & set(names), "these names are this repository's own methods"


@each_method
def test_class_survives_pickling(method: type[PyiqaMethod]):
    assert pickle.loads(pickle.dumps(method)) is method


def test_import_takes_neither_torch_nor_pyiqa():
    script = "import sys, bench.methods.pyiqa_metrics; print(sorted({'torch', 'pyiqa', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- scores ---


@needs_pyiqa
@pytest.mark.parametrize("name", ["piqe", "entropy"])
@pytest.mark.parametrize("size", [(64, 80), (131, 97), (192, 256)])
def test_scores_are_pyiqas(name: str, size: tuple[int, int]):
    import pyiqa
    import torch

    method = METHODS[name]()
    pair = [photo(*size, seed=1), photo(*size, seed=2)]
    metric = pyiqa.create_metric(name, device="cpu")
    tensors = [torch.tensor(p.pixels.transpose(2, 0, 1)[None] / 255.0, dtype=torch.float32) for p in pair]
    expected = [metric(tensor).item() for tensor in tensors]
    assert [method.score([p])[0] for p in pair] == pytest.approx(expected, rel=1e-6)
    assert method.score(pair) == pytest.approx(expected, rel=1e-6)
    assert method.fingerprint == ""
    assert METHODS[name].missing() == ""


@needs_pyiqa
def test_loading_and_scoring_print_nothing(capsys: pytest.CaptureFixture[str]):
    METHODS["piqe"]().score([photo(64, 64)])
    assert capsys.readouterr().out == ""


@needs_pyiqa
def test_refused_photograph_is_an_image_error():
    with pytest.raises(ImageError, match=r"^pyiqa:piqe cannot score it: [^\n]+$") as caught:
        METHODS["piqe"]().score([photo(4, 4)])
    assert caught.value.__cause__ is not None


# --- weights ---


def put(weights: Weights) -> None:
    path = weights.path / "snapshots/1/model.safetensors" if weights.store == "hub" else weights.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@needs_pyiqa
@pytest.mark.parametrize("name", ["musiq", "clipiqa+", "qualiclip", "hyperiqa", "arniqa", "qrealign"])
def test_missing_weights_are_one_clear_sentence(name: str, empty_caches: Path, no_network: list[str]):
    method = METHODS[name]
    with pytest.raises(MissingRequirementError, match="needs weights that are not here") as caught:
        method()
    message = str(caught.value)
    assert "\n" not in message
    assert "no route to host" in message
    assert caught.value.__cause__ is None
    for one in method.weights:
        assert all(part in message for part in (one.name, one.url, str(one.path), "MB" if one.size_mb else "size not"))
        assert one.path.is_relative_to(empty_caches)
        assert one.name in method.missing()
    assert len(no_network) == 1, "one question to one host, no retries"


def test_missing_names_only_what_is_not_there(empty_caches: Path):
    method = METHODS["hyperiqa"]
    backbone = next(one for one in method.weights if one.store == "hub")
    own = next(one for one in method.weights if one.store == "pyiqa")
    put(backbone)
    assert method.missing() in (
        f"weights {own} will be downloaded",
        "the package pyiqa: pip install 'iqa-bench[pyiqa]'",
    )
    put(own)
    assert "weights" not in method.missing()


@needs_pyiqa
def test_damaged_file_is_named(empty_caches: Path, monkeypatch: pytest.MonkeyPatch):
    import pyiqa

    def fail(*args: object, **options: object) -> None:
        print("Loading pretrained model")
        raise EOFError("ran out of input\nsecond line")

    method = METHODS["brisque"]
    put(method.weights[0])
    monkeypatch.setattr(pyiqa, "create_metric", fail)
    with pytest.raises(
        MissingRequirementError, match=r"ran out of input\. If a file is damaged, delete it: .*brisque_svm"
    ):
        method()


@needs_pyiqa
def test_download_that_breaks_off_is_reported(
    empty_caches: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import pyiqa

    def fail(*args: object, **options: object) -> None:
        print("Downloading")
        raise urllib.error.URLError("connection reset")

    monkeypatch.setattr(pyiqa_metrics, "unreachable", lambda weights: "")
    monkeypatch.setattr(pyiqa, "create_metric", fail)
    with pytest.raises(MissingRequirementError, match=r"could not be downloaded \(<urlopen error connection reset>\)"):
        METHODS["musiq"]()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pyiqa:musiq: downloading musiq_koniq_ckpt")


def test_host_that_answers_with_an_error_status_is_reachable(monkeypatch: pytest.MonkeyPatch):
    def answer(request: urllib.request.Request, timeout: float) -> None:
        raise urllib.error.HTTPError(request.full_url, 403, "forbidden", None, None)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    assert pyiqa_metrics.unreachable(METHODS["musiq"].weights) == ""


@needs_pyiqa
def test_absent_extra_package_is_named(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "icecream")
    assert METHODS["qalign"].missing() == "the package icecream: pip install icecream"
    with pytest.raises(MissingRequirementError, match="pyiqa:qalign needs the package icecream"):
        METHODS["qalign"]()


@each_method
def test_without_pyiqa(method: type[PyiqaMethod], monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "pyiqa")
    absent = method.missing()
    assert absent.startswith("the package pyiqa")
    assert "pip install 'iqa-bench[pyiqa]'" in absent
    with pytest.raises(MissingRequirementError) as raised:
        method()
    assert str(raised.value) == f"{method.info.name} needs {absent}"


def test_version_without_pyiqa(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert pyiqa_metrics._installed() == "pyiqa (not installed)"


def hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == package else real(name, *rest))


# --- fingerprints ---


@needs_pyiqa
def test_network_is_scored_and_fingerprinted_by_its_weights(monkeypatch: pytest.MonkeyPatch, empty_caches: Path):
    import torch

    arch = importlib.import_module("pyiqa.archs.cnniqa_arch")
    monkeypatch.setattr(arch, "load_pretrained_network", lambda *args, **options: None)
    monkeypatch.setattr(pyiqa_metrics, "check_files", lambda weights: None)
    put(METHODS["cnniqa"].weights[0])

    def build(seed: int) -> PyiqaMethod:
        torch.manual_seed(seed)
        return METHODS["cnniqa"]()

    first, again, other = build(1), build(1), build(2)
    assert len(first.fingerprint) == 12
    assert first.fingerprint == again.fingerprint != other.fingerprint
    pair = [photo(48, 64, seed=1), photo(48, 64, seed=2)]
    assert first.score(pair) == pytest.approx([first.score([p])[0] for p in pair], abs=1e-6)
    assert first.score(pair) != other.score(pair)
    with pytest.raises(ImageError, match="pyiqa:cnniqa cannot score it"):
        first.score([photo(4, 4)])


def test_fingerprint_sees_buffers_hidden_modules_and_arrays():
    import torch

    class Net(torch.nn.Module):
        def __init__(self, value: float, hidden: float, array: float) -> None:
            super().__init__()
            self.register_buffer("kept", torch.tensor([value], dtype=torch.bfloat16))
            self.inner = [torch.nn.Linear(1, 1, bias=False)]
            torch.nn.init.constant_(self.inner[0].weight, hidden)
            self.array = torch.tensor([array])

    class Plain(torch.nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.parts = [[np.array([value])], torch.tensor([1.0])]

    base = fingerprint_of(Net(1, 1, 1))
    assert base == fingerprint_of(Net(1, 1, 1))
    assert fingerprint_of(Net(2, 1, 1)) != base
    assert fingerprint_of(Net(1, 2, 1)) != base
    # Derived tensors may differ in the last bit between machines, so weights alone count.
    assert fingerprint_of(Net(1, 1, 2)) == base
    assert fingerprint_of(Plain(1)) != fingerprint_of(Plain(2))
    assert fingerprint_of(torch.nn.ReLU()) == ""
