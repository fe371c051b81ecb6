"""Methods of a file (`--plugin`): what is taken for one, what is said of a broken one, and how it reaches processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

from bench.errors import UsageError
from bench.plugins.from_file import choose_methods, load_plugins
from bench.plugins.method_source import hash_method
from bench.plugins.registry import find_method

FUNCTION = "def width(image):\n    return image.width\n"
SEVERAL = """\
import math
from dataclasses import dataclass
import bench

@dataclass(frozen=True)
class Options:
    gain: float = bench.option(1.0, help="factor")

class MeanLevel(bench.Method):
    Options = Options
    def score(self, photos):
        return [self.options.gain * float(photo.pixels.mean()) for photo in photos]

@bench.method(name="tall", higher_is_better=False)
def height(image):
    return beside(image)

def beside(image):
    return image.height

def two(image, other):
    return 0.0
"""


pytestmark = pytest.mark.usefixtures("forget_plugins")


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_file_may_have_classes_and_functions(tmp_path: Path) -> None:
    plugins = load_plugins([written(tmp_path / "mine.py", SEVERAL)])
    assert set(plugins[0].methods) == {"mean-level", "tall"}
    with pytest.raises(UsageError, match="--plugin offers 2 methods, mean-level, tall: say which with --method NAME"):
        choose_methods([], plugins)
    assert choose_methods(["beside", "tall"], plugins) == ("beside", "tall")
    assert find_method("beside").info.higher_is_better
    assert not find_method("tall").info.higher_is_better
    assert find_method("mean-level").Options().gain == 1.0


def test_a_direction_may_be_an_attribute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_plugins([written(tmp_path / "mine.py", f"{FUNCTION}width.higher_is_better = False\n")])
    assert not find_method("width").info.higher_is_better
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n", "which cannot be imported: line 2: SyntaxError: invalid syntax"),
        ("\n\nimport nosuch\n", "which cannot be imported: line 3: ModuleNotFoundError: No module named 'nosuch'"),
        ("import sys\nsys.exit(3)\n", "which cannot be imported: line 2: it ends the program there: put what only a"),
        ("from math import sqrt\ndef _hidden(image): ...\n", "which has no method: write a function of one image"),
    ],
)
def test_a_broken_file_is_one_sentence_with_the_line(
    tmp_path: Path, bench: Callable[..., Ran], text: str, message: str
) -> None:
    done = bench("run", "--plugin", written(tmp_path / "mine.py", text), "--dataset", "sample")
    assert done.code == 2
    assert done.err.startswith(f"bench: error: --plugin got mine.py, {message}")
    assert len(done.err.splitlines()) == 1


def test_what_is_no_python_file_is_refused(tmp_path: Path, bench: Callable[..., Ran]) -> None:
    done = bench("score", "--plugin", tmp_path / "none.py", "sample")
    assert (done.code, done.err.partition(",")[2].strip()) == (
        2,
        "which is no Python file: give the path of one, such as mine.py",
    )


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [written(folder / "mine.py", FUNCTION) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(UsageError, match=r"--plugin got two files with the name mine.py: rename one"):
        load_plugins(files)


def test_two_classes_of_one_name_are_refused(tmp_path: Path) -> None:
    text = "import bench\nclass A(bench.Method):\n    def score(self, photos): ...\nclass B(A): pass\n"
    with pytest.raises(UsageError, match="where A and B have one name, 'a': give each an `info` of its own"):
        load_plugins([written(tmp_path / "mine.py", text)])


def test_a_change_of_the_code_is_another_state_and_one_of_a_comment_is_not(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", SEVERAL)
    hashes = []
    for text in (
        SEVERAL,
        SEVERAL.replace("import math\n", "import math  # unused\n"),
        SEVERAL.replace("self.options.gain *", "2 *"),
    ):
        load_plugins([written(path, text)])
        hashes.append(hash_method(find_method("mean-level")))
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_module_beside_it_can_be_imported(tmp_path: Path) -> None:
    written(tmp_path / "beside_mine.py", "def f(image):\n    return 2.0\n")
    load_plugins(
        [written(tmp_path / "mine.py", "import beside_mine\ndef g(image):\n    return beside_mine.f(image)\n")]
    )
    assert find_method("g")().score([]) == []


@pytest.mark.slow
@pytest.mark.parametrize("where", [["--workers", "2"], ["--scheduler", "auto"]], ids=["processes", "cluster"])
def test_other_processes_get_it(tmp_path: Path, photos: Path, bench: Callable[..., Ran], where: list[str]) -> None:
    methods = [word for name in ("mean-level", "tall", "beside") for word in ("--method", name)]
    plugin = ["--plugin", written(tmp_path / "mine.py", SEVERAL), "--option", "mean-level.gain=0.5"]
    done = bench("run", *plugin, *methods, "--dataset", photos, *where)
    assert done.code == 0, done.err
    assert done.out.count("scored 8, failed 0") == 3
    assert "scored by this process" not in done.err
    assert "cannot be sent" not in done.err


def test_a_process_that_gets_a_method_imports_its_file_first(tmp_path: Path) -> None:
    import pickle

    from bench.runs.loading import method_specs

    load_plugins([written(tmp_path / "mine.py", SEVERAL)])
    data = pickle.dumps(method_specs(["mean-level", "tall"], ["mean-level.gain=2"], "cpu"))
    (tmp_path / "mine.py").unlink()
    code = "import pickle, sys; print([spec.label for spec in pickle.loads(sys.stdin.buffer.read())])"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "['mean-level[gain=2.0]', 'tall']"


def test_parameters_of_a_function_are_options_of_its_method(
    tmp_path: Path, photos: Path, bench: Callable[..., Ran]
) -> None:
    import pickle

    from bench.runs.loading import method_specs

    text = "def spread(image, gain: float = 1, mode='a', *, weights=(1, 2)):\n    return gain * image.width\n"
    plugin = ["--plugin", written(tmp_path / "mine.py", text)]
    photo = photos / "images" / "0.png"
    done = bench("score", photo, *plugin, "--option", "spread.gain=1,2", "--option", "spread.mode=b")
    assert "spread[mode=b]  48.0000" in done.out
    assert "spread[gain=2.0,mode=b]  96.0000" in done.out
    wrong = bench("score", photo, *plugin, "--option", "spread.weights=1")
    assert "method 'spread' has no option 'weights'. It has: gain, mode." in wrong.err
    specs = method_specs(["spread"], ["spread.gain=2"], "cpu")
    assert pickle.loads(pickle.dumps(specs))[0].options == specs[0].options


def test_a_name_that_another_method_has_is_told_once(tmp_path: Path, bench: Callable[..., Ran]) -> None:
    plugin = [
        "--plugin",
        written(tmp_path / "mine.py", "def niqe(image):\n    return 1.0\nniqe.higher_is_better = True\n"),
    ]
    for command in (["run", "--dataset", "sample"], ["score", "sample"], ["explain", "a.png"]):
        done = bench(*command, *plugin)
        assert (done.code, done.err.count("the method name 'niqe' is claimed by")) == (2, 1), done.err


def test_commands_that_name_methods_take_it(tmp_path: Path, photos: Path, bench: Callable[..., Ran]) -> None:
    plugin = ["--plugin", written(tmp_path / "mine.py", FUNCTION)]
    assert "width  48.0000" in bench("score", photos / "images" / "0.png", *plugin).out
    assert "undeclared, undeclared" in bench("list", "methods", *plugin).out
    assert "offers no explanations" in bench("explain", photos / "images" / "0.png", *plugin).err
    for command in ("robustness", "invariance", "fit", "check"):
        assert "--plugin FILE.py" in bench(command, "--help").out


def test_the_guide_is_followed_to_the_letter(photos: Path, bench: Callable[..., Ran], short_fits: None) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "first_number.md").read_text(encoding="utf-8")
    code, command = guide.partition("```python\n")[2].split("```\n\n    bench ", 1)
    Path("mine.py").write_text(code)
    photos.rename("my_photos")
    done = bench(*command.splitlines()[0].split())
    assert "spread on my_photos: scored 8, failed 0; SRCC" in done.out
    assert "; undeclared: declare family, opinion_aware, trained_on, licence, citation before you publish" in done.out
    assert "mine.py does not say which direction of spread is better, so higher is taken as better" in done.err
    assert "| _undeclared_" in bench("table", "--draws", "0").out


def test_the_guide_of_studies_shows_the_example() -> None:
    root = Path(__file__).parents[2]
    shown = (root / "docs" / "guides" / "studies.md").read_text(encoding="utf-8").partition("```toml\n")[2]
    example = (root / "examples" / "study.toml").read_text(encoding="utf-8")
    assert [line for line in shown.partition("```")[0].splitlines() if line not in example.splitlines()] == []
