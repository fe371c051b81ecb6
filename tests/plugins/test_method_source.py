"""What counts as a method's code, and what does not."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fakes
import pytest

from bench.api import Method
from bench.plugins import method_source, module_code
from bench.plugins.functions import method
from bench.plugins.method_source import hash_method
from bench.plugins.registry import find_method

BASE = '''"""A method."""
from collections.abc import Sequence

import fakes

from own_package.filters import blur


class Own(fakes.Brightness):
    """Mean of what is blurred."""

    info = fakes.info("own")

    def score(self, photos):
        from . import late

        return [late.scale(blur(photo.pixels.mean())) for photo in photos]  # one by one
'''
FILES = {
    "__init__.py": "",
    "metric.py": BASE,
    "filters.py": "from own_package.deep import FACTOR\n\n\ndef blur(value):\n    return FACTOR * value\n",
    "deep.py": "FACTOR = 2\n",
    "late.py": "def scale(value):\n    return value\n",
    "other.py": "UNUSED = 1\n",
}


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Change a file of a package, import the package afresh and hash its method."""
    monkeypatch.syspath_prepend(tmp_path)

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "own_package"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    def call(file: str = "metric.py", old: str = "", new: str = "") -> str:
        forget()
        for name, text in FILES.items():
            path = tmp_path / "own_package" / name
            path.parent.mkdir(exist_ok=True)
            assert name != file or old in text
            path.write_text(text.replace(old, new) if name == file and old else text)
        sys.dont_write_bytecode = True
        found: type[Method] = importlib.import_module("own_package.metric").Own
        return hash_method(found)

    before = sys.dont_write_bytecode
    yield call
    sys.dont_write_bytecode = before
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("metric.py", "pixels.mean()", "pixels.max()"),
        ("filters.py", "FACTOR * value", "FACTOR + value"),
        ("deep.py", "2", "3"),
        ("late.py", "return value", "return -value"),
    ],
    ids=["its class", "a module that it imports", "one that this imports", "one imported in a function"],
)
def test_a_change_of_what_computes_changes_the_hash(hashed: Callable[..., str], file: str, old: str, new: str) -> None:
    first = hashed()
    assert len(first) == 12
    assert hashed() == first
    assert hashed(file, old, new) != first


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("metric.py", "  # one by one", ""),
        ("metric.py", '"""Mean of what is blurred."""', '"""Mean.\n\n    Of what is blurred: # no comment.\n    """'),
        ("metric.py", "class Own", "\n\n\nclass Own"),
        ("other.py", "1", "2"),
    ],
    ids=["comment", "docstring", "blank lines", "a module that it does not import"],
)
def test_what_computes_nothing_is_left_out(hashed: Callable[..., str], file: str, old: str, new: str) -> None:
    assert hashed() == hashed(file, old, new)


def test_a_text_that_looks_like_a_comment_counts(hashed: Callable[..., str]) -> None:
    assert hashed("deep.py", "2", "len('# ab')") != hashed("deep.py", "2", "len('# a')")


def test_methods_of_ours_have_the_code_that_they_share() -> None:
    modules = module_code.code_of(find_method("niqe").__module__)
    assert {"bench.methods.niqe", "bench.methods._niqe_features", "bench.plugins.gaussian"} <= set(modules)
    assert not [name for name in modules if name.startswith(("bench.api", "bench.io", "bench.errors"))]


def test_a_method_over_features_has_the_code_of_the_features() -> None:
    hashes = {hash_method(find_method(name)) for name in ("niqe", "ou:niqe", "bytes-per-pixel")}
    assert len(hashes) == 3
    derived = {base.__module__ for base in method_source._bases(find_method("ou:niqe"))}
    shared = "bench.methods._pristine_method"
    assert derived == {"bench.plugins.pristine_distance", "bench.methods.niqe", shared}


def test_a_function_is_hashed_as_its_scores_are_identified() -> None:
    def one(image: object) -> float:
        return 1.0

    def two(image: object) -> float:
        return 2.0

    first, second = (hash_method(method(each, name="f", higher_is_better=True)) for each in (one, two))
    assert first != second
    assert len(first) == 12


def test_a_class_of_a_notebook_is_hashed_alone() -> None:
    def own(value: float) -> type[Method]:
        def score(self: object, photos: list[object]) -> list[float]:
            return [value for _ in photos]

        score.__module__ = "__main__"
        return type("Own", (fakes.Brightness,), {"__module__": "__main__", "score": score})

    assert hash_method(own(1.0)) == hash_method(own(1.0)) != hash_method(own(2.0))


SCRIPT = """
import sys
from bench.plugins.method_source import hash_method
from bench.plugins.registry import find_method
hash_method(find_method("qualiclip"))
print("torch" in sys.modules)
"""


def test_no_module_is_imported_to_be_hashed() -> None:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("folder", ["dist-packages", "other/lib/python3/site-packages"])
def test_packages_of_another_environment_are_installed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "of_another_environment.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path / folder)
    assert not module_code.is_own("of_another_environment")
    (tmp_path / "of_ones_own.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert module_code.is_own("of_ones_own")


def test_the_address_of_published_code_is_no_part_of_the_code(tmp_path: Path) -> None:
    texts = []
    for address in ("", '    code="https://example.org",\n'):
        file = tmp_path / "mine.py"
        file.write_text(f'info = bench.MethodInfo(\n    name="mine",\n{address}    higher_is_better=True,\n)\n')
        texts.append(module_code._without_comments(file.read_bytes()))
    assert texts[0] == texts[1]
    assert b"higher_is_better" in texts[0]
