"""Compare the speed of NIQE or IL-NIQE here with pyiqa's: same images, same parameters, same thread count.

    python benchmarks/niqe_speed.py DIR [--method ilniqe] [--threads N] [--limit N] [--rounds N]

Both score the images of DIR, decoded beforehand, in turns; the fastest round of each counts. Needs the extra `pyiqa`,
and downloads nothing: pyiqa is handed this project's pristine model as a .mat file. The scores differ a little: pyiqa's
window is rounded to float32, which matters in clipped, perfectly flat regions, and its grey differs by one level in a
few pixels. Its IL-NIQE follows a Python port that is farther from the authors' release than ours (methods/ilniqe.py).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

parser = argparse.ArgumentParser(description="Compare the speed of NIQE or IL-NIQE here with pyiqa's.")
parser.add_argument("folder", type=Path, help="folder of images, each at least 192 x 192")
parser.add_argument("--method", choices=["niqe", "ilniqe"], default="niqe", help="(default: niqe)")
parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and torch (default: 1)")
parser.add_argument("--limit", type=int, default=None, help="use only the first N images")
parser.add_argument("--rounds", type=int, default=2, help="rounds; the fastest counts (default: 2)")
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # read once, when numpy and torch are imported

import numpy as np  # noqa: E402
import scipy.io  # noqa: E402
import torch  # noqa: E402

from bench.api import Photo  # noqa: E402
from bench.io.images import SUFFIXES, decode, prepare, read_bytes  # noqa: E402
from bench.methods.ilniqe import Ilniqe  # noqa: E402
from bench.methods.niqe import Niqe  # noqa: E402


def fastest(score: Callable[[Photo], float], photos: Sequence[Photo], seconds: float) -> tuple[list[float], float]:
    start = time.perf_counter()
    scores = [score(photo) for photo in photos]
    return scores, min(seconds, time.perf_counter() - start)


def pyiqa_metric(method: Niqe | Ilniqe) -> Callable[[Photo], float]:
    import pyiqa

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mat"
        scipy.io.savemat(path, release_form(method))
        metric = pyiqa.create_metric(method.info.name, device="cpu", pretrained_model_path=str(path))

    def score(photo: Photo) -> float:
        tensor = torch.from_numpy(photo.pixels.copy()).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            return float(metric(tensor))

    return score


def release_form(method: Niqe | Ilniqe) -> dict[str, np.ndarray]:
    """Return a pristine model as the authors' .mat files hold it."""
    if isinstance(method, Niqe):
        return {"mu_prisparam": method.model.mean[None], "cov_prisparam": method.model.covariance}
    model = method.model
    cells = np.empty(4, dtype=object)
    cells[:] = [model.gaussian.mean[None], model.gaussian.covariance, model.centre[:, None], model.components]
    return {"templateModel": cells[None]}


def main() -> None:
    torch.set_num_threads(arguments.threads)
    method = Niqe() if arguments.method == "niqe" else Ilniqe()
    files = sorted(path for path in arguments.folder.iterdir() if path.suffix.lower() in SUFFIXES)[: arguments.limit]
    if not files:
        sys.exit(f"{arguments.folder} holds no images")
    start = time.perf_counter()
    photos = [decode(read_bytes(path), path.name) for path in files]
    decoding = time.perf_counter() - start

    def ours(photo: Photo) -> float:
        return method.score([prepare(photo, method.info.input)])[0]

    theirs = pyiqa_metric(method)
    ours(photos[0]), theirs(photos[0])  # warm up
    here, there = float("inf"), float("inf")
    for _ in range(arguments.rounds):
        our_scores, here = fastest(ours, photos, here)
        their_scores, there = fastest(theirs, photos, there)

    difference = np.abs(np.subtract(our_scores, their_scores))
    print(f"{len(photos)} images, {arguments.threads} thread(s), fastest of {arguments.rounds} rounds, grey counted")
    print(f"{'':22}{'here':>12}{'pyiqa':>12}{'ratio':>10}")
    for name, extra in (("decoded before", 0.0), ("decoding included", decoding)):
        rates = [len(photos) / (seconds + extra) for seconds in (here, there)]
        print(f"{name:22}{rates[0]:8.1f} im/s{rates[1]:8.1f} im/s{rates[0] / rates[1]:9.1f}x")
    median, high = np.quantile(difference, [0.5, 0.95])
    print(f"|difference|: median {median:.1e}, 95 % below {high:.1e}, largest {difference.max():.1e}")


if __name__ == "__main__":
    main()
