"""``bench.load``: a method that is loaded once and called often."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any, Literal

from bench.api import MethodInfo, Photo, Resize
from bench.datasets.readers.local import names_one_image
from bench.datasets.roots import Roots
from bench.errors import ImageError
from bench.io.images import resize as resized
from bench.io.memory import is_batch, is_in_memory
from bench.results.arguments import MethodLike, assignments_of, methods_of, settings_of
from bench.results.score import name_images
from bench.results.wording import public
from bench.runs import loading
from bench.runs.batches import score_photos
from bench.runs.global_state import preserved
from bench.runs.image_scores import NamedImage
from bench.runs.jobs import LoadedMethod, Settings, make_deterministic


class Metric:
    """A loaded method that scores images when it is called; several threads may call it.

    A score is the number that ``bench score`` prints, whatever of the accepted kinds the image comes as. Calls wait for
    each other, and leave the global random generators and torch's switches as they were.

    Attributes:
        name: the method's name, with the options that differ from its defaults.
        higher_is_better: the direction of the scores.
        score_range: (low, high) that scores can take, ±inf where unbounded.
        info: all that the method declares.
    """

    def __init__(self, ready: LoadedMethod, settings: Settings) -> None:
        self._ready = ready
        self._settings = settings
        self._lock = threading.Lock()
        self.info: MethodInfo = ready.method.declared()
        self.name = ready.spec.label
        self.higher_is_better = self.info.higher_is_better
        self.score_range = self.info.score_range

    def __repr__(self) -> str:
        better = "higher" if self.higher_is_better else "lower"
        return f"<bench metric {self.name}: {better} is better, range {self.score_range}>"

    @public
    def __call__(self, image: Any) -> Any:
        """Score an image, or a batch of images.

        Args:
            image: what :func:`bench.score` takes. A path or URL of an image, a PIL image, an array and a tensor
                (3, H, W) are one image; a list, a tensor (N, 3, H, W), a folder and a dataset are a batch.

        Returns:
            A float for one image; for a batch a list of floats, in the order given.

        Raises:
            ImageError: an image cannot be decoded or scored.
            UsageError: the value is none of these.
        """
        named = name_images(image, Roots.parse(()), "image")
        scores = self._score([self._photo(each) for each in named])
        return scores[0] if _is_one(image) else scores

    def _photo(self, image: NamedImage) -> Photo:
        try:
            photo = image.photo()
            policy = self._settings.resize or Resize.parse(image.resize)
            return Photo(photo.name, resized(photo.pixels, policy), photo.file_bytes, photo.file_pixels)
        except ImageError as error:
            raise ImageError(f"{image.name}: {error}") from None

    def _score(self, photos: Sequence[Photo]) -> list[float]:
        with self._lock, preserved():
            make_deterministic()
            outcomes = score_photos(self._ready.method, photos, self._settings)
        by_name = {outcome.image: outcome for outcome in outcomes}
        scores = []
        for photo in photos:
            outcome = by_name[photo.name]
            if outcome.score is None:
                raise ImageError(f"{photo.name}: {outcome.error}")
            scores.append(outcome.score)
        return scores


def _is_one(value: Any) -> bool:
    if is_in_memory(value):
        return not is_batch(value)
    return isinstance(value, (str, os.PathLike)) and names_one_image(os.fspath(value))


@public
def load(
    method: MethodLike,
    *,
    device: str = "auto",
    precision: Literal["exact", "fast"] = "exact",
    resize: str | Resize | None = None,
    batch_size: int = 8,
    seed: int = 0,
    name: str | None = None,
    higher_is_better: bool | None = None,
    batch: bool = False,
    **options: Any,
) -> Metric:
    """Load a method once, to call it often: in a web service, in a training loop.

    Args:
        method: a name (:func:`bench.list_methods`), a subclass of :class:`bench.Method` or a function, as in
            :func:`bench.run`.
        device: where a network runs: ``auto`` (CUDA where it is there), ``cpu``, ``cuda``, ``mps``,
            ``cuda:1`` or ``cuda:0,1``.
        precision: float32, or ``fast`` for 16 bits where method and device have them.
        resize: ``none``, ``short:N`` or ``WxH``, in pixels; None: what a dataset's card asks for.
        batch_size: images of a batch handed to the method at once.
        seed: for methods that draw; their seed for an image hangs on its name too.
        name: of a function.
        higher_is_better: of a function.
        batch: of a function.
        **options: of the method, by name, such as ``model="mine.npz"``.

    Returns:
        What scores an image when it is called.

    Raises:
        UsageError: the method or an option is not known.
        MissingRequirementError: a package or weights are not here and cannot be fetched.

    Example:
        >>> import numpy as np
        >>> metric = load("niqe")
        >>> metric.higher_is_better
        False
        >>> metric(np.full((64, 96, 3), 128, dtype=np.uint8))
        Traceback (most recent call last):
        ...
        bench.errors.ImageError: image: 96x64 pixels: NIQE needs at least 96x96
    """
    chosen = methods_of(method, name, higher_is_better, batch)
    known = chosen[0] if isinstance(chosen[0], str) else chosen[0].info.name
    settings = settings_of(resize, seed, batch_size, None)
    with preserved():
        spec = loading.one_spec(
            chosen[0], assignments_of({f"{known}.{key}": value for key, value in options.items()}), device, precision
        )
        (ready,) = loading.load_methods([spec])
    return Metric(ready, settings)
