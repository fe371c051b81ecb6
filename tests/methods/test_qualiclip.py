from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from clip_states import photo, random_state

from bench.api import UNKNOWN, Photo
from bench.errors import ImageError, UsageError
from bench.methods.qualiclip import ClipIqa, Qualiclip, checkpoint_files, checkpoints, tensors
from bench.methods.qualiclip import model as network
from bench.methods.qualiclip._archive import is_torchscript, read_torchscript
from bench.methods.qualiclip.metrics import ClipIqaOptions, QualiclipOptions, prompt_pairs
from bench.plugins.options import build
from bench.plugins.registry import catalogue, find_method

HAS_PYIQA = importlib.util.find_spec("pyiqa") is not None
needs_pyiqa = pytest.mark.skipif(not HAS_PYIQA, reason="pyiqa is not installed")

pytestmark = pytest.mark.usefixtures("empty_caches")

SIZES = [(32, 32), (224, 224), (97, 131), (150, 64)]


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return random_state(0)


@pytest.fixture(scope="module")
def clip_file(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CLIP alone, as a saved state."""
    path = tmp_path_factory.mktemp("weights") / "RN50.pt"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    values = torch.randn(14, 1024, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.normalize(values, dim=-1)


@pytest.fixture(scope="module")
def release_file(state: dict[str, torch.Tensor], features: torch.Tensor, clip_file: Path) -> Path:
    """A checkpoint in the layout of the authors' release, text encoder included."""
    path = clip_file.with_name("official_random.pth")
    released: dict[str, Any] = {f"clip_model.{name}": value for name, value in state.items()}
    # The hub code keeps the features as a parameter.
    released["prompts_features"] = torch.nn.Parameter(features, requires_grad=False)
    torch.save(released, path)
    return path


@pytest.fixture(scope="module")
def released(release_file: Path) -> Qualiclip:
    return Qualiclip(QualiclipOptions(weights=str(release_file)))


# --- parity ---


def pyiqa_clip(monkeypatch: pytest.MonkeyPatch, arch: str, state: dict[str, torch.Tensor]) -> Any:
    """Give an architecture of pyiqa CLIP without its download, and without its rounding to half precision."""
    module = importlib.import_module(f"pyiqa.archs.{arch}")
    clip = importlib.import_module("pyiqa.archs.clip_model").CLIP

    def load(backbone: str, device: str) -> Any:
        assert (backbone, device) == ("RN50", "cpu")
        made = clip(1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12)
        made.load_state_dict(state)
        return made.eval()

    monkeypatch.setattr(module, "load", load)
    # The initial values are overwritten; drawing them would take seconds.
    for name in ("normal_", "kaiming_uniform_", "uniform_", "xavier_uniform_"):
        monkeypatch.setattr(torch.nn.init, name, lambda tensor, *args, **options: tensor)
    return module


def pyiqa_scores(metric: Any, photos: list[Photo]) -> list[float]:
    images = [torch.tensor(p.pixels.transpose(2, 0, 1)[None] / 255.0, dtype=torch.float32) for p in photos]
    with torch.no_grad():
        return [metric(image).item() for image in images]


@needs_pyiqa
def test_qualiclip_scores_are_pyiqas_with_the_same_checkpoint(
    monkeypatch: pytest.MonkeyPatch, release_file: Path, state: dict[str, torch.Tensor]
) -> None:
    module = pyiqa_clip(monkeypatch, "qualiclip_arch", state)
    monkeypatch.setattr(module, "load_file_from_url", lambda url: release_file)
    metric = module.QualiCLIP(model_type="qualiclip").eval()
    photos = [photo(*size, seed=seed) for seed, size in enumerate(SIZES)]
    for temperature in (2.0, 1.0):
        metric.temperature = temperature
        method = Qualiclip(QualiclipOptions(weights=str(release_file), temperature=temperature))
        scores = [method.score([one])[0] for one in photos]
        assert scores == pytest.approx(pyiqa_scores(metric, photos), abs=1e-5)
        assert max(scores) - min(scores) > 1e-3, "a parity of constants would say nothing"


@needs_pyiqa
def test_clipiqa_scores_are_pyiqas_with_the_same_weights(
    monkeypatch: pytest.MonkeyPatch, clip_file: Path, state: dict[str, torch.Tensor]
) -> None:
    module = pyiqa_clip(monkeypatch, "clipiqa_arch", state)
    metric = module.CLIPIQA().eval()
    # It encodes its prompts anew for every image, which takes most of its time.
    clip = metric.clip_model[0]
    monkeypatch.setattr(clip, "encode_text", functools.cache(clip.encode_text))
    method = ClipIqa(ClipIqaOptions(weights=str(clip_file)))
    photos = [photo(*size, seed=seed) for seed, size in enumerate(SIZES)]
    scores = [method.score([one])[0] for one in photos]
    assert scores == pytest.approx(pyiqa_scores(metric, photos), abs=1e-5)
    assert max(scores) - min(scores) > 1e-3


def test_pooling_is_the_first_token_of_clips_attention(state: dict[str, torch.Tensor]) -> None:
    attention: Any = network.image_encoder(state).attnpool
    attention.positional_embedding = torch.nn.Parameter(torch.zeros(13, 2048))
    cells = torch.randn(2, 2048, 3, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(network.mean_query_pool(attention, cells), attention(cells), atol=1e-5)


def test_gradient_reaches_the_image_encoder(state: dict[str, torch.Tensor], features: torch.Tensor) -> None:
    model = network.QualityModel(network.image_encoder(state), features, 100.0).requires_grad_(True)
    model(torch.rand(1, 3, 64, 64)).sum().backward()
    unused = {name for name, value in model.named_parameters() if value.grad is None}
    assert unused == {"visual.attnpool.positional_embedding", "visual.attnpool.k_proj.bias"}


# --- scores ---


def test_a_batch_scores_as_its_images_alone(released: Qualiclip) -> None:
    photos = [photo(96, 130, seed) for seed in range(3)]
    assert released.score(photos) == pytest.approx([released.score([one])[0] for one in photos], abs=1e-6)


def test_score_follows_its_definition(released: Qualiclip, features: torch.Tensor) -> None:
    one = photo(64, 80)
    image = torch.from_numpy(one.pixels).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        embedded = released._model.embed(image)[0]
    probabilities = []
    for positive, negative in zip(features[::2], features[1::2], strict=True):
        p, n = (math.exp(50 * float(embedded @ text)) for text in (positive, negative))
        probabilities.append(p / (p + n))
    assert len(probabilities) == len(prompt_pairs("qualiclip")) == 7
    assert released.score([one])[0] == pytest.approx(sum(probabilities) / 7, abs=1e-5)


@pytest.mark.parametrize("size", [(31, 64), (64, 31), (1, 1)])
def test_a_tiny_photograph_is_an_image_error(released: Qualiclip, size: tuple[int, int]) -> None:
    height, width = size
    with pytest.raises(ImageError, match=f"^{width}x{height} pixels: the network needs at least 32x32$"):
        released.score([photo(height, width)])


def test_features_of_the_prompts_are_computed_once(clip_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    encode = checkpoints.encode_prompts
    monkeypatch.setattr(checkpoints, "encode_prompts", lambda *args: calls.append(args[1]) or encode(*args))
    method = ClipIqa(ClipIqaOptions(weights=str(clip_file), prompts="paper"))
    for _ in range(2):
        method.score([photo(32, 32)])
    assert calls == [["Good photo.", "Bad photo."]]


def test_stored_features_need_no_text_encoder(
    release_file: Path, released: Qualiclip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoints, "encode_prompts", lambda *args: pytest.fail("it was asked for"))
    slim = {
        name: value
        for name, value in torch.load(release_file, weights_only=True, mmap=True).items()
        if name.startswith(("clip_model.visual.", "prompts"))
    }
    torch.save(slim, tmp_path / "slim.pth")
    method = Qualiclip(QualiclipOptions(weights=str(tmp_path / "slim.pth")))
    assert method.score([photo(64, 64)]) == released.score([photo(64, 64)])
    assert method.fingerprint == released.fingerprint


# --- identity ---


def test_fingerprint_follows_the_weights_and_not_the_file(
    released: Qualiclip, state: dict[str, torch.Tensor], features: torch.Tensor, tmp_path: Path
) -> None:
    visual = {name: value for name, value in state.items() if name.startswith("visual.")}
    path = tmp_path / "ours.safetensors"
    tensors.save(path, visual, features, {"trained_on": ["bsds500", UNKNOWN]})
    assert path.stat().st_mode == path.with_suffix(".json").stat().st_mode, "both can be read by the same people"
    ours = Qualiclip(QualiclipOptions(weights=str(path)))
    assert len(ours.fingerprint) == 12
    assert ours.fingerprint == released.fingerprint
    assert ours.score([photo(64, 64)]) == released.score([photo(64, 64)])
    assert ours.declared().trained_on == ("bsds500", UNKNOWN)
    assert released.declared().trained_on == (UNKNOWN,)
    changed = {**visual, "visual.conv1.weight": visual["visual.conv1.weight"] * 1.0001}
    for other in (
        checkpoint_files.Checkpoint(changed, features),
        checkpoint_files.Checkpoint(visual, features.flip(0)),
    ):
        assert other.fingerprint != released.fingerprint
    assert {file.name for file in tmp_path.iterdir()} == {"ours.safetensors", "ours.json"}


def test_our_checkpoints_are_known_by_their_suffix(tmp_path: Path, features: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        tensors.save(tmp_path / "ours.pth", {}, features, {})


def test_options() -> None:
    assert build(find_method("qualiclip"), {}) == QualiclipOptions(weights="", temperature=2.0)
    with pytest.raises(UsageError, match=r"temperature got 0\.0: it must be above 0"):
        build(Qualiclip, {"temperature": "0"})
    with pytest.raises(UsageError, match="use one of pyiqa, paper"):
        build(ClipIqa, {"prompts": "other"})


def test_the_bare_names_are_ours() -> None:
    found = catalogue()
    assert found.methods["qualiclip"] is Qualiclip
    assert found.methods["clipiqa"] is ClipIqa
    assert {"pyiqa:qualiclip", "pyiqa:clipiqa"} <= set(found.methods)
    assert not [problem for problem in found.problems if "clip" in problem]


def test_import_takes_neither_torch_nor_open_clip() -> None:
    script = (
        "import sys, bench.methods.qualiclip as q; q.Qualiclip.missing(); q.ClipIqa.downloads();"
        "print(sorted({'torch', 'open_clip', 'safetensors', 'pyiqa'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- files that are not what they should be ---


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("executed",)


def shared_modules(depth: int) -> bytes:
    """Pickle a chain of modules each of which is the next one's two children: 2 to the depth paths."""
    new = b"c__torch__\nM\n)\x81"
    code = b"\x80\x02" + new
    for _ in range(depth):
        code += b"q\x000" + new + b"}(X\x01\x00\x00\x00ah\x00X\x01\x00\x00\x00bh\x00ub"
    return code + b"."


def hostile_files(state: dict[str, torch.Tensor], release_file: Path, folder: Path) -> dict[str, str]:
    """Write bad checkpoints; return file name → what the error says."""
    # One stored number each, seen in the right shape, keeps the files small.
    shapes = {name: value.shape for name, value in state.items() if name.startswith("visual.")}
    visual = {name: torch.ones(()).expand(shape) for name, shape in shapes.items()}
    features = torch.ones(14, 1024)
    torch.save({"x": Hostile()}, folder / "zip.pth")
    torch.save({"x": Hostile()}, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    (folder / "plain.pkl").write_bytes(pickle.dumps(Hostile()))
    with zipfile.ZipFile(folder / "script.pt", "w") as archive:
        archive.writestr("m/code/__torch__.py", "import os\nos.mkdir('executed')\n")
        archive.writestr("m/data.pkl", pickle.dumps(Hostile(), protocol=2))
    with zipfile.ZipFile(folder / "shared.pt", "w") as archive:
        archive.writestr("m/code/__torch__.py", "")
        archive.writestr("m/data.pkl", shared_modules(40))
    (folder / "short.pth").write_bytes(release_file.read_bytes()[: 2**20])
    (folder / "empty.pth").touch()
    (folder / "bad.safetensors").write_bytes(b"\xff" * 64)
    with (folder / "large.pth").open("wb") as file:
        file.truncate(2**30 + 1)
    torch.save(torch.ones(3), folder / "tensor.pth")
    torch.save({"prompts_features": features, "weight": torch.ones(1)}, folder / "keys.pth")
    first = "visual.conv1.weight"
    torch.save({**visual, "prompts_features": features, first: torch.ones(2, 3)}, folder / "shape.pth")
    torch.save({**visual, "prompts_features": torch.ones(13, 1024)}, folder / "odd.pth")
    torch.save({**visual, "prompts_features": features, "visual.proj": torch.ones(1)}, folder / "other.pth")
    torch.save({**visual, "prompts_features": features * math.nan}, folder / "nan.pth")
    torch.save({**visual, "prompts_features": features, first: visual[first].int()}, folder / "int.pth")
    torch.save({**visual, "prompts_features": torch.ones(()).expand(2**30, 1024)}, folder / "many.pth")
    torch.save(visual, folder / "no_text.pth")
    return {
        "zip.pth": r"cannot be read \(UnpicklingError\)",
        "legacy.pth": r"cannot be read \(UnpicklingError\)",
        "plain.pkl": r"cannot be read \(UnpicklingError\)",
        "script.pt": r"it names 'posix' 'mkdir', which no network's weights need",
        "shared.pt": "it holds more than 100,000 modules",
        "short.pth": "cannot be read",
        "empty.pth": "cannot be read",
        "bad.safetensors": "cannot be read",
        "large.pth": "more than 1,073,741,824 bytes",
        "tensor.pth": "holds one Tensor where names and tensors should be",
        "keys.pth": r"lacks visual\.conv1\.weight and \d+ more",
        "shape.pth": r"visual\.conv1\.weight has the shape \(2, 3\) and not \(32, 3, 3, 3\)",
        "odd.pth": r"prompts_features has the shape \(13, 1024\) and not \(2K, 1024\)",
        "many.pth": r"prompts_features has the shape \(1073741824, 1024\)",
        "other.pth": r"has visual\.proj, which CLIP RN50 has not",
        "nan.pth": "prompts_features holds NaN",
        "int.pth": r"visual\.conv1\.weight is not made of floating-point numbers",
        "no_text.pth": "lacks positional_embedding and",
    }


def test_bad_checkpoints_are_refused_in_one_sentence_and_never_executed(
    state: dict[str, torch.Tensor], release_file: Path, tmp_path: Path
) -> None:
    for name, message in hostile_files(state, release_file, tmp_path).items():
        path = tmp_path / name
        with pytest.raises(UsageError, match=rf"^qualiclip, option weights: .*{name}: .*{message}") as caught:
            Qualiclip(QualiclipOptions(weights=str(path)))
        assert "\n" not in str(caught.value)
        assert str(caught.value).endswith("; give a checkpoint of CLIP RN50 or QualiCLIP")
        path.unlink()
    assert not (tmp_path / "executed").exists()


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_files, "_MAX_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data/0", bytes(2**20 + 1))
    assert (tmp_path / "bomb.pt").stat().st_size < 2**12
    with pytest.raises(UsageError, match=r"bomb\.pt: it has more than 1,048,576 bytes"):
        Qualiclip(QualiclipOptions(weights=str(tmp_path / "bomb.pt")))


@pytest.mark.parametrize("config", ["[]", "{", '{"trained_on": "koniq"}', '{"trained_on": [1]}', " " * (2**20 + 1)])
def test_a_bad_config_is_refused(config: str, tmp_path: Path, features: torch.Tensor) -> None:
    path = tmp_path / "ours.safetensors"
    tensors.save(path, {}, features, {})
    path.with_suffix(".json").write_text(config)
    with pytest.raises(UsageError, match=r"ours\.json beside it|cannot be read \(JSONDecodeError\)"):
        checkpoints.load_checkpoint(path, "qualiclip", text=None)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning", "ignore:.*torch.jit.*:DeprecationWarning")
def test_a_torchscript_archive_gives_its_state_without_running_it(tmp_path: Path) -> None:
    class Scripted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4)).half()
            self.layer.add_module("-1", torch.nn.Linear(4, 4))
            self.register_buffer("size", torch.tensor(224))
            self.turned = torch.nn.Parameter(torch.randn(3, 2).t())
            self.shared = torch.nn.Parameter(self.turned[:1].detach())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.turned.sum()

    module = Scripted().eval()
    torch.jit.script(module).save(str(tmp_path / "m.pt"))
    assert is_torchscript(tmp_path / "m.pt")
    found, expected = read_torchscript(tmp_path / "m.pt"), module.state_dict()
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


# --- where weights are ---


def test_weights_in_their_place_are_used(release_file: Path, released: Qualiclip) -> None:
    (download,) = Qualiclip.downloads()
    download.path.parent.mkdir(parents=True)
    download.path.symlink_to(release_file)
    found = Qualiclip()
    assert found.fingerprint == released.fingerprint
    assert found.declared() is Qualiclip.info
    assert found.score([photo(64, 64)]) == released.score([photo(64, 64)])
