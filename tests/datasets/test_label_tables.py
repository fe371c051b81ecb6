"""What a card can say of a label table, each on a small set of the test's own making."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from bench.datasets.card import TableSpec
from bench.datasets.catalogue import read_card
from bench.datasets.readers import formats, isolated
from bench.datasets.readers.formats import parse
from bench.datasets.readers.text import TextTable
from bench.datasets.readers.with_card import Inspection, inspect, read_with_card
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io.files import LocalFolder

openpyxl = pytest.importorskip("openpyxl")

HEAD = """
id = "set"
title = "Set"
kind = "synthetic"
n = {n}
licence = "CC0"
source = "https://example.org/set"
citation = "none"
{about}
[[labels]]
direction = "higher"
range = [0, 100]
{labels}
"""

Make = Callable[..., Inspection]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


@pytest.fixture
def read(root: Path, tmp_path: Path) -> Make:
    """Read the set by a card with these lines; empty files stand for its images."""

    def call(labels: str, images: str = "", about: str = "", n: int = 3) -> Inspection:
        (tmp_path / "set.toml").write_text(HEAD.format(n=n, about=about, labels=labels))
        for name in images.split():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        return inspect(read_card(tmp_path / "set.toml"), LocalFolder(root))

    return call


def labels(seen: Inspection) -> dict[str, float | None]:
    return {sample.name: sample.mos for sample in seen.dataset.samples}


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_text_without_header_by_white_space(root: Path, read: Make) -> None:
    (root / "mos.txt").write_bytes(b"5.5 a.bmp\r\n 4.25   b.bmp\r\n3\tc.bmp\r\n")
    seen = read('files = ["mos.txt"]\ndelimiter = "space"\ncolumns = ["score", "image"]', "a.bmp B.BMP c.bmp")
    assert labels(seen) == {"a.bmp": 5.5, "b.bmp": 4.25, "c.bmp": 3.0}
    assert seen.found == 3
    assert [s.file.name for s in seen.dataset.samples if s.file] == ["a.bmp", "B.BMP", "c.bmp"]


def test_decimal_commas_in_semicolons_and_quotes(root: Path, read: Make) -> None:
    for text in ("image;score\na;1,5\nb;2\nc;3,25\n", 'image,score\na,"1,5"\nb,2\nc,"3,25"\n'):
        (root / "l.csv").write_text(text)
        assert labels(read('files = ["l.csv"]\ndecimal = ","')) == {"a": 1.5, "b": 2.0, "c": 3.25}


def test_another_encoding_is_the_cards_to_say(root: Path, read: Make) -> None:
    (root / "l.csv").write_bytes("image,score,prompt\na,1,café\nb,2,x\nc,3,x\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"l\.csv is not UTF-8"):
        read('files = ["l.csv"]')
    seen = read('files = ["l.csv"]\nencoding = "latin-1"\nattributes = { prompt = "prompt" }')
    assert seen.dataset.samples[0].attributes["prompt"] == "café"


def test_a_sheet_with_its_header_further_down(root: Path, read: Make) -> None:
    rows: list[list[Any]] = [[], [None, "DMOS"], [], [None, None, "image", "level", "mos", None, "image"]]
    rows += [[None, None, 1600, 1.0, 12.5, None, "note"], [None, None, "b", 2, 13], [], [None, None, "c", 3, 14.75]]
    workbook(root / "l.xlsx", {"first": [["x"]], "all": rows})
    spec = 'files = ["l.xlsx"]\nsheet = "all"\nheader = 4\nimage = "{image}.{level:2}.png"\nscore = "mos"'
    assert labels(read(spec)) == {"1600.01.png": 12.5, "b.02.png": 13.0, "c.03.png": 14.75}
    with pytest.raises(UsageError, match=r"l\.xlsx has no sheet 'none'; its sheets are first, all"):
        read('files = ["l.xlsx"]\nsheet = "none"')


def test_sheets_of_one_workbook_follow_each_other_and_tell_the_split(root: Path, read: Make) -> None:
    columns = ["image", "score", "more"]
    workbook(
        root / "l.xlsx",
        {"Train set": [columns, ["a", 1, 0]], "notes": [["x"]], "Test set": [columns[:2], ["b", 2], ["c", 3]]},
    )
    spec = 'files = ["l.xlsx"]\nsheet = "T* set"\nfile = "sheet"\nattributes = { split = "sheet" }'
    with pytest.raises(UsageError, match=r"l.xlsx, sheet 'Test set' has no column 'more'"):
        read(spec)
    workbook(root / "l.xlsx", {"Test set": [columns[:2], ["b", 2], ["c", 3]], "Train set": [columns, ["a", 1, 0]]})
    seen = read(spec)
    assert labels(seen) == {"a": 1, "b": 2, "c": 3}
    assert [s.attributes["split"] for s in seen.dataset.samples] == ["test set", "test set", "train set"]


def test_tables_beside_the_labels_may_have_further_columns_in_one_file(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\na,1\nb,2\nc,3\n")
    (root / "more1.csv").write_text("image,kind\na,x\n")
    (root / "more2.csv").write_text("image,kind,other\nb,y,1\nc,y,2\n")
    beside = '[[labels.beside]]\nfiles = ["more*.csv"]\non = "image"\nprefix = "p_"'
    seen = read(f'files = ["l.csv"]\nattributes = {{ type = "p_kind" }}\n{beside}')
    assert [s.attributes["type"] for s in seen.dataset.samples] == ["x", "y", "y"]


def test_a_file_of_labels_in_the_folder_of_each_split(root: Path, read: Make) -> None:
    for split, names in (("train", ["a.png", "b.png"]), ("test", ["a.png"])):
        (root / split).mkdir()
        (root / split / "Label.json").write_text(json.dumps({"Image": names, "MOS": [len(split)] * len(names)}))
    spec = 'files = ["*/label.json"]\nfile = "list"\nimage = "{list}/{Image}"\nscore = "MOS"'
    spec += '\nattributes = { split = "list" }'
    spec += '\nnames = { list = { "train/label" = "train/image", "test/label" = "test/image" } }'
    about = '[values.split]\n"train/label" = "training"\n"test/label" = "test"'
    seen = read(spec, "train/image/a.png train/image/b.png test/image/a.png", about)
    assert labels(seen) == {"test/image/a.png": 4, "train/image/a.png": 5, "train/image/b.png": 5}
    assert {s.attributes["split"] for s in seen.dataset.samples} == {"training", "test"}
    assert seen.found == 3


def test_workbooks_that_are_none_are_refused(root: Path, read: Make) -> None:
    workbook(root / "l.xlsx", {"all": [["image", "score"], ["a", 1]]})
    whole = (root / "l.xlsx").read_bytes()
    for content in (whole[: len(whole) // 2], b"PK\x03\x04 nothing", b"image,score\na,1\n", b""):
        (root / "l.xlsx").write_bytes(content)
        with pytest.raises(UsageError, match=r"l\.xlsx|is empty"):
            read('files = ["l.xlsx"]')


def test_a_workbook_that_would_crash_its_reader_costs_a_sentence(root: Path, read: Make) -> None:
    book = openpyxl.Workbook()
    book.active.append(["image", "score"])
    book.active["XFD1048576"] = 1
    book.save(root / "l.xlsx")
    with pytest.raises(UsageError, match=r"l\.xlsx (crashed the reader|takes longer)"):
        read('files = ["l.xlsx"]')


def test_nothing_is_imported_from_the_working_directory(root: Path, read: Make, tmp_path: Path) -> None:
    (tmp_path / "python_calamine.py").write_text("raise SystemExit(7)")
    workbook(root / "l.xlsx", {"all": [["image", "score"], ["a", 1], ["b", 2], ["c", 3]]})
    assert labels(read('files = ["l.xlsx"]')) == {"a": 1, "b": 2, "c": 3}


def test_a_pointer_to_a_large_file_is_told_from_it(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(UsageError, match="is a Git LFS pointer, not the file"):
        read('files = ["l.csv"]')


def test_a_sparse_matrix_is_no_vector(root: Path, read: Make) -> None:
    from scipy.sparse import csc_array

    savemat(root / "l.mat", {"names": np.array(["a"], dtype=object), "mos": csc_array(np.eye(3))})
    with pytest.raises(UsageError, match="the variable mos is not a vector of numbers or texts"):
        read('files = ["l.mat"]\nimage = "names"\nscore = "mos"')


def test_a_table_without_rows_and_one_without_its_optional_part(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\n")
    spec = """files = ["l.csv"]
attributes = { split = "SPLIT" }
[[labels.beside]]
files = ["split.csv"]
on = "image"
columns = ["image", "SPLIT"]
optional = true
"""
    with pytest.raises(UsageError, match=r"l\.csv has no rows: it is incomplete"):
        read(spec)
    (root / "l.csv").write_text("image,score\na,1\nb,2\nc,3\n")
    seen = read(spec, "a b c", "splits = { training = 2, test = 1 }")
    assert [(p.kind, p.level, p.items) for p in seen.problems] == [("lacking", "warning", ("split.csv",))]


def test_a_spread_that_is_no_number_is_named_and_the_set_can_be_read(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score,std\na,1,0.5\nb,2,nan\nc,3,-0.25\n")
    seen = read('files = ["l.csv"]\nattributes = { std = "std" }', "a b c")
    assert labels(seen) == {"a": 1, "b": 2, "c": 3}
    (problem,) = seen.problems
    assert problem.items == ("b (std 'nan')", "c (std '-0.25')")
    assert problem.level == "error"
    assert not problem.fatal


def test_a_workbook_that_unpacks_to_more_than_a_table_has_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(5):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", b" " * 2**26)
    assert len(bomb.getvalue()) < 2**20
    with pytest.raises(UsageError, match="unpacks to 335,544,320 bytes"):
        parse(bomb.getvalue(), "l.xlsx", TableSpec(files=()))


def test_matlab_vectors_cells_and_matrices(root: Path, read: Make) -> None:
    names = np.array(["a", "b", "c"], dtype=object)
    savemat(root / "l.mat", {"names": names, "mos": [[1.5, 2.0, 3.0]], "std": [[0.1], [0.2], [0.3]]})
    spec = 'files = ["l.mat"]\nimage = "names"\nscore = "mos"\nattributes = { std = "std" }'
    seen = read(spec)
    assert labels(seen) == {"a": 1.5, "b": 2.0, "c": 3.0}
    assert seen.dataset.samples[2].attributes["std"] == 0.3
    savemat(root / "l.mat", {"names": names, "mos": np.arange(6.0).reshape(3, 2)})
    assert labels(read('files = ["l.mat"]\nimage = "names"\nscore = "mos_2"')) == {"a": 1.0, "b": 3.0, "c": 5.0}


def test_a_matlab_matrix_down_its_columns(root: Path, read: Make) -> None:
    savemat(root / "l.mat", {"names": np.array(list("abcdef"), dtype=object), "mos": np.arange(6.0).reshape(3, 2)})
    spec = 'files = ["l.mat"]\nimage = "names"\nscore = "mos"\nflatten = true\ncolumns = ["names", "mos"]'
    assert labels(read(spec, n=6)) == {"a": 0, "b": 2, "c": 4, "d": 1, "e": 3, "f": 5}


def test_matlab_files_that_are_none_or_were_cut_are_refused(root: Path, read: Make) -> None:
    spec = 'files = ["l.mat"]\nimage = "names"\nscore = "mos"'
    savemat(root / "l.mat", {"names": np.array(["a", "b"], dtype=object), "mos": [1.0, 2.0, 3.0]})
    with pytest.raises(UsageError, match=r"different lengths \(names 2, mos 3\).* this copy is incomplete"):
        read(spec)
    whole = (root / "l.mat").read_bytes()
    for content in (whole[: len(whole) // 2], b"image,score\na,1\n", b"MATLAB 5.0 MAT-file" + b"\0" * 200):
        (root / "l.mat").write_bytes(content)
        with pytest.raises(UsageError, match=r"l\.mat"):
            read(spec)
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (root / "l.mat").write_bytes(header + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UsageError, match=r"l\.mat has MATLAB's format 7\.3 .* save it again with -v7"):
        read(spec)


def test_tables_that_belong_together_row_by_row(root: Path, read: Make) -> None:
    (root / "mos.txt").write_text("1\n2\n3\n")
    (root / "names.txt").write_text("a\nb\nc\n")
    spec = 'files = ["mos.txt"]\ncolumns = ["score"]\n[[labels.beside]]\nfiles = ["names.txt"]\ncolumns = ["image"]'
    assert labels(read(spec)) == {"a": 1.0, "b": 2.0, "c": 3.0}
    (root / "names.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match=r"names\.txt has 2 rows and .*mos\.txt 3: .* one of them is incomplete"):
        read(spec)
    (root / "names.txt").unlink()
    with pytest.raises(MissingRequirementError, match=r"has no names\.txt: get it from https://example\.org/set"):
        read(spec)


def test_tables_that_meet_in_a_column(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\nx\\a.png,1\nx\\b.png,2\nx\\c.png,3\n")
    (root / "split.csv").write_text("NAME,SET\nx/B.png,Test\nx/a.png,Train\nx/c.png,Train\nx/d.png,Test\n")
    spec = """files = ["l.csv"]
attributes = { split = "device SET" }
[[labels.beside]]
files = ["split.csv"]
on = "image"
key = "NAME"
columns = []
prefix = "device "
"""
    about = 'values.split = { Train = "training", Test = "test" }\nsplits = { training = 2, test = 1 }'
    seen = read(spec, "x/a.png x/b.png x/c.png", about)
    assert [s.name for s in seen.dataset.split("test").samples] == ["x/b.png"]
    assert not seen.problems
    (root / "split.csv").write_text("NAME,SET\nx/a.png,Train\n")
    with pytest.raises(UsageError, match=r"split\.csv lacks 2 of the images"):
        read(spec, "", about)


def test_an_optional_table_may_be_absent(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\na,1\nb,2\nc,3\n")
    spec = """files = ["l.csv"]
attributes = { std = "std" }
[[labels.beside]]
files = ["std.csv"]
on = "image"
columns = ["image", "std"]
optional = true
"""
    assert "std" not in read(spec).dataset.samples[0].attributes
    (root / "std.csv").write_text("a,0.5\nb,0.25\n")
    assert [s.attributes.get("std") for s in read(spec).dataset.samples] == [0.5, 0.25, None]


def test_several_files_of_one_pattern_are_one_table(root: Path, read: Make) -> None:
    (root / "labels").mkdir()
    (root / "labels" / "A1.txt").write_text("A1_0.bmp,1500\nA1_1.bmp,1400\n")
    (root / "labels" / "A2.txt").write_text("A2_0.bmp,1300\n")
    spec = 'files = ["labels/A*.txt"]\ncolumns = ["image", "score"]'
    seen = read(spec, "D_1/A1_0.bmp D_1/A1_1.bmp D_2/A2_0.bmp", 'layouts = [["D_*"]]')
    assert [p.items for p in seen.problems] == [("A1_0.bmp (1500)", "A1_1.bmp (1400)", "A2_0.bmp (1300)")]


def test_images_told_by_their_row(root: Path, read: Make) -> None:
    (root / "mos.txt").write_text("".join(f"{i}\n" for i in range(12)))
    spec = 'files = ["mos.txt"]\ncolumns = ["score"]\nimage = "img{reference:2}_{number:2}.bmp"\n'
    seen = read(spec + "grid = { reference = 3, number = 4 }", n=12)
    assert labels(seen)["img02_03.bmp"] == 6
    spec = 'files = ["mos.txt"]\ncolumns = ["score"]\nimage = "{block}/{block_number}_{index}_{row}_{level}.bmp"\n'
    seen = read(spec + "blocks = { jpeg = 8, blur = 4 }\ngrid = { image = 4, level = 2 }", n=12)
    assert labels(seen)["jpeg/1_4_3_2.bmp"] == 3
    assert labels(seen)["blur/2_1_8_1.bmp"] == 8
    with pytest.raises(UsageError, match=r"mos\.txt has 12 rows, but images are identified by row number among 9"):
        read(spec + "blocks = { jpeg = 8, blur = 1 }\ngrid = { image = 4, level = 2 }")


def test_the_mean_of_votes_is_a_label(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,c1,c2,c3\na,1,0,3\nb,0.25,0.5,0.25\nc,0,0,0\n")
    seen = read('files = ["l.csv"]\nvotes = ["c1", "c2", "c3"]')
    assert labels(seen) == {"a": 2.5, "b": 2.0}
    assert [p.sentence().split(": ", 1)[1] for p in seen.problems if p.kind == "score"] == [
        "1 image(s) have no number for a label: c ('0, 0, 0'); get the authors' file from https://example.org/set"
    ]


def test_rows_that_are_no_images_and_rows_that_the_authors_got_wrong(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score,org\nr,0,1\na,1,0\nb,2,0\nb,3,0\n")
    seen = read('files = ["l.csv"]\ndrop = { org = ["1"] }\nleft_out = ["b"]', "a")
    assert labels(seen) == {"a": 1.0}
    assert not seen.problems


def test_a_name_may_be_a_part_of_what_the_table_has(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\nC:\\work\\x\\a.bmp,1\nC:\\work\\x\\b.bmp,2\nC:\\work\\y\\c.bmp,3\n")
    seen = read(r"files = ['l.csv']" + "\n" + r"select = '[^\\]+\\[^\\]+$'", "x/a.bmp x/b.bmp y/c.bmp")
    assert labels(seen) == {"x/a.bmp": 1, "x/b.bmp": 2, "y/c.bmp": 3}
    assert not seen.problems


def test_types_and_levels_come_from_names_by_the_fields_terms(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\nI01_05_3.bmp,1\ni02_11_1.BMP,2\nI03_05_2.bmp,3\n")
    about = "pattern = '(?i)i(?P<reference>\\d\\d)_(?P<type>\\d\\d)_(?P<level>\\d)'\nvalues.type = { 05 = \"noise\" }\n"
    seen = read('files = ["l.csv"]', "", about + "groups = { reference = 3, type = 2 }")
    assert [s.attributes["type"] for s in seen.dataset.samples] == ["noise", "11", "noise"]
    assert seen.dataset.samples[1].attributes["reference"] == "02"
    assert {p.kind for p in seen.problems} == {"missing"}
    seen = read('files = ["l.csv"]', "", about + "groups = { reference = 4 }")
    assert "3 different values of reference, the complete set has 4" in {p.text for p in seen.problems}


def test_an_archive_unpacked_into_a_folder_of_its_own_name(root: Path, read: Make) -> None:
    (root / "Release" / "Data").mkdir(parents=True)
    (root / "Release" / "Data" / "l.csv").write_text("image,score\na.png,1\nb.png,2\nc.png,3\n")
    spec, images = 'files = ["Data/l.csv"]', "Release/Images/a.png Release/Images/b.png Release/Images/c.png"
    seen = read(spec, images, 'layouts = [["Images"], ["."]]')
    assert (seen.found, seen.folders) == (3, ("Release/Images",))


def test_one_layout_is_taken_and_never_two(root: Path, read: Make) -> None:
    (root / "l.csv").write_text("image,score\na.png,1\nb.png,2\nc.png,3\n")
    about = 'layouts = [["large"], ["small"], ["part_*"]]'
    seen = read('files = ["l.csv"]', "large/a.png small/a.png small/b.png", about)
    assert seen.folders == ("small",)
    (missing,) = (p for p in seen.problems if p.kind == "missing")
    assert missing.items == ("small/c.png",)
    seen = read('files = ["l.csv"]', "part_1/a.png part_1/b.png part_2/c.png", about)
    assert (seen.folders, seen.found) == (("part_1", "part_2"), 3)


def test_the_first_form_that_is_there_is_read_and_a_damaged_one_is_not_passed_over(root: Path, read: Make) -> None:
    spec = 'files = ["first.csv"]\n[[labels]]\nfiles = ["second.csv"]\ndirection = "lower"\nrange = [0, 9]'
    (root / "second.csv").write_text("image,score\na,1\nb,2\nc,3\n")
    assert read(spec).dataset.direction == "lower"
    (root / "first.csv").write_text("image,score\na,10\nb,20\nc,30\n")
    assert read(spec).dataset.direction == "higher"
    (root / "first.csv").write_text("<html>")
    with pytest.raises(UsageError, match=r"first\.csv is a web page"):
        read(spec)


def test_a_card_extends_another(root: Path, tmp_path: Path) -> None:
    base = HEAD.format(n=3, about='layouts = [["a"]]\naliases = ["s"]', labels='files = ["l.csv"]')
    (tmp_path / "set.toml").write_text(base)
    (tmp_path / "set-b.toml").write_text('extends = "set"\nid = "set-b"\nlayouts = [["b"]]\n')
    card = read_card(tmp_path / "set-b.toml")
    assert (card.id, card.layouts, card.aliases, card.n) == ("set-b", (("b",),), (), 3)
    assert card.hash != read_card(tmp_path / "set.toml").hash
    (tmp_path / "set-c.toml").write_text('extends = "set-b"\nid = "set-c"\n')
    with pytest.raises(UsageError, match=r"extends 'set-b', which extends another"):
        read_card(tmp_path / "set-c.toml")


def test_a_pristine_set_has_images_alone(root: Path, tmp_path: Path) -> None:
    text = HEAD.format(
        n=2, about='pattern = \'^(?P<split>train|test)/\'\nlayouts = [["data/images"], ["."]]', labels=""
    )
    (tmp_path / "set.toml").write_text(text.split("[[labels]]")[0])
    for name in ("train/1.jpg", "test/2.jpg", "test/Thumbs.db"):
        (root / "data/images" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "data/images" / name).touch()
    dataset = read_with_card(read_card(tmp_path / "set.toml"), LocalFolder(root))
    assert [(s.name, s.mos, s.attributes["split"]) for s in dataset.samples] == [
        ("test/2.jpg", None, "test"),
        ("train/1.jpg", None, "train"),
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchError, match=r"there are no images in data/images or \. of .*; get the images from"):
        read_with_card(read_card(tmp_path / "set.toml"), LocalFolder(tmp_path / "empty"))


def test_a_new_format_is_one_line_in_formats(read: Make, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse_lines(data: bytes, where: str, spec: TableSpec) -> TextTable:
        rows = [json.loads(line) for line in data.splitlines()]
        return TextTable(where, list(rows[0]), [{name: str(value) for name, value in row.items()} for row in rows])

    rows = [{"picture": f"{name}.png", "mos": 10 * i} for i, name in enumerate("abc")]
    (root / "labels.JSONL").write_text("\n".join(map(json.dumps, rows)))
    spec = 'files = ["labels.JSONL"]\nimage = "picture"\nscore = "mos"'
    with pytest.raises(UsageError, match=r"labels\.JSONL: tables are read from \.csv, .*\.mat, not from \.jsonl"):
        read(spec, images="a.png b.png c.png")
    monkeypatch.setitem(formats.READERS, ".jsonl", parse_lines)
    assert labels(read(spec)) == {"a.png": 0.0, "b.png": 10.0, "c.png": 20.0}


def test_a_reader_apart_is_any_function_by_its_name() -> None:
    apart = isolated.parse_apart(
        "bench.datasets.readers.text:parse_text", b"image,mos\na.png,3\n", "l.bin", TableSpec(files=())
    )
    assert apart.rows == [{"image": "a.png", "mos": "3"}]


@pytest.mark.parametrize(
    "content",
    [
        [{"image": "a.png", "mos": 1}, {"image": "b.png", "mos": 2.5, "note": None}],
        {"image": ["a.png", "b.png"], "mos": [1, 2.5]},
    ],
    ids=["list of objects", "object of lists"],
)
def test_labels_in_json_are_read(tmp_path: Path, content: object) -> None:
    text = "\ufeff" + json.dumps(content)
    found = formats.parse(text.encode(), "labels.json", TableSpec(files=()))
    assert [(row["image"], row["mos"]) for row in found.rows] == [("a.png", "1"), ("b.png", "2.5")]


@pytest.mark.parametrize(
    "content",
    [
        b'{"image": "a.png", "mos": 1, "tags": ["x", "y"]}\n{"image": "b.png", "mos": 2.5, "tags": []}\n',
        b'{"image": {"0": "a.png", "1": "b.png"}, "mos": {"0": 1, "1": 2.5}}',
    ],
    ids=["an object a line", "as pandas writes a table"],
)
def test_further_forms_of_json_are_read(content: bytes) -> None:
    found = formats.parse(content, "labels.json", TableSpec(files=()))
    assert [(row["image"], row["mos"]) for row in found.rows] == [("a.png", "1"), ("b.png", "2.5")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[{", "is not a JSON file, or is incomplete"),
        (b"[" * 100_000, "is not a JSON file"),
        (b'{"image": ["a"], "mos": []}', "lists have different lengths"),
        (b'{"a.png": 3}', "labels in JSON are a list of objects"),
        (b'{"a": 1}\nno JSON\n', "is not a JSON file, or is incomplete"),
        (b"3", "labels in JSON are a list of objects"),
    ],
)
def test_json_of_another_form_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        formats.parse(content, "labels.json", TableSpec(files=()))


def test_a_system_that_sets_no_limit_of_memory_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    def refused(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refused)
    isolated._limit_memory()
