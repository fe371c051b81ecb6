"""Weight files: their names and paths, and the message if one is missing.

The places are those where the authors' hub code, pyiqa, the package clip and open_clip keep their
downloads, so a file fetched by one serves all. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.api import Download
from bench.errors import MissingRequirementError

from .._pyiqa_weights import Weights

_RN50_SHA256 = "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"
_RN50_URL = f"https://openaipublic.azureedge.net/clip/models/{_RN50_SHA256}/RN50.pt"
_RELEASE_URL = "https://github.com/miccunifi/QualiCLIP/releases/download/weights/qualiclip.pth"


@dataclass(frozen=True)
class WeightSource:
    """One set of weights.

    Attributes:
        name: what ``bench fetch weights`` calls it.
        what: what it is, in a few words.
        places: the files that hold it, the first being where it is fetched to.
        licence: its terms.
        sha256: of the first place's file; empty where none is published.
    """

    name: str
    what: str
    places: tuple[Weights, ...]
    licence: str
    sha256: str = ""

    def path(self) -> Path | None:
        """Return the first file that is here, or None."""
        return next((path for place in self.places if (path := _file(place))), None)

    def download(self) -> Download:
        """Describe how it is fetched."""
        first = self.places[0]
        size = None if first.size_mb is None else int(first.size_mb * 10**6)
        return Download(self.name, first.url, first.path, self.licence, size, self.sha256)


CLIP_RN50 = WeightSource(
    name="clip-rn50",
    what="CLIP's RN50 by OpenAI",
    places=(
        Weights("openai-clip", "RN50.pt", _RN50_URL, 256),  # about, as computed from its tensors
        Weights("clip", "RN50.pt", _RN50_URL, 256),
        Weights("hub", "timm/resnet50_clip.openai"),
    ),
    licence="MIT",
    sha256=_RN50_SHA256,
)

# Size and hash of the release are not published where they could be read.
QUALICLIP = WeightSource(
    name="qualiclip",
    what="QualiCLIP's weights as its authors released them",
    places=(Weights("torch", "qualiclip.pth", _RELEASE_URL), Weights("pyiqa", "QualiCLIP.pth")),
    licence="CC-BY-NC-4.0",
)


def _file(place: Weights) -> Path | None:
    if place.store != "hub":
        return place.path if place.path.is_file() else None
    # open_clip's copy; its safetensors only, the repository's pickle is not wanted.
    return next(place.path.glob("snapshots/*/open_clip_model.safetensors"), None)


def locate_weights(source: WeightSource, method: str, given: str, flag: str = "") -> Path:
    """Return the weight file that the option names, or else the first that is here.

    Args:
        source: which weights.
        method: who needs them.
        given: what the option says; empty for the weights' usual places.
        flag: how the option is given; default: as an option of the method.

    Raises:
        MissingRequirementError: there is none.
    """
    if given:
        if not Path(given).is_file():
            what = flag or f"{method}, option weights"
            raise MissingRequirementError(
                f"{what}: {given} is not a file; give a checkpoint, or leave the option out for {source.what}"
            )
        return Path(given)
    if path := source.path():
        return path
    raise MissingRequirementError(
        f"{method} needs {source.what}: {source.places[0]}, licence {source.licence}. The file is missing: run "
        f"`bench fetch weights {source.name}`, or copy {source.places[0].url} to {source.places[0].path}, or give "
        f"{flag or f'--option {method}.weights'}=FILE; the method qualiclip-lite needs no download",
        fetchable=source.name,
    )


def missing(source: WeightSource) -> str:
    """Say how to get the weights; empty where they are here."""
    return "" if source.path() else f"weights {source.places[0]}: bench fetch weights {source.name}"
