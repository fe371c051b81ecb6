from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import fakes
import pytest

from bench import api
from bench.api import MethodInfo
from bench.errors import UsageError
from bench.plugins import registry


def test_methods_of_this_repository_come_in_by_the_common_door() -> None:
    found = registry.catalogue()
    assert found.problems == []
    assert {"bytes-per-pixel", "niqe", "pyiqa:piqe"} <= set(found.methods)
    assert found.aliases["piqe"] == "pyiqa:piqe"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"--method got 'niqee'.*Did you mean 'niqe'"):
        registry.find_method("niqee")


def test_a_name_claimed_twice_goes_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    other = type("Other", (fakes.Brightness,), {})
    found = registry.build_catalogue([fakes.Brightness, other, fakes.Darkness], [])
    assert set(found.methods) == {"darkness"}
    assert "claimed by abc.Other and fakes.Brightness" in found.problems[0]
    monkeypatch.setattr(registry, "catalogue", lambda: found)
    with pytest.raises(UsageError, match="'brightness' is claimed by"):
        registry.find_method("brightness")


def test_a_methods_own_name_wins_over_anothers_alias_and_the_user_is_told() -> None:
    thief = type("Thief", (fakes.Brightness,), {"info": fakes.info("thief", aliases=("darkness",))})
    found = registry.build_catalogue([thief, fakes.Darkness], [])
    assert found.methods["darkness"] is fakes.Darkness
    assert "darkness" not in found.aliases
    assert "'darkness' is a method's own and another's alias" in found.problems[0]


def test_an_alias_offered_twice_goes_to_nobody() -> None:
    two = [type("T", (fakes.Brightness,), {"info": fakes.info(name, aliases=("light",))}) for name in ("a", "b")]
    found = registry.build_catalogue(two, [])
    assert "light" in found.disputed
    assert "light" not in found.aliases


def test_a_plugin_that_fails_is_a_problem_and_no_crash() -> None:
    (problem,) = registry._import_plugin(EntryPoint("broken", "no.such.module", registry.GROUP))
    assert "the plugin 'broken' (no.such.module) cannot be imported" in problem


def test_a_plugin_that_exits_on_import_is_a_problem_and_no_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    (problem,) = registry._import_plugin(EntryPoint("leaves", "leaves", registry.GROUP))
    assert "SystemExit: 3" in problem


def test_a_plugin_that_registers_no_method_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registers_nothing.py").write_text("from bench.api import Method\nclass Mine(Method): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    (problem,) = registry._import_plugin(EntryPoint("mine", "registers_nothing", registry.GROUP))
    assert "the plugin 'mine' (registers_nothing) registers no method: mark its classes with @register" in problem


def test_a_third_partys_module_is_found_through_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A package as somebody else would install it: a module and the metadata that pip writes.
    (tmp_path / "theirs.py").write_text(THIRD_PARTY)
    metadata = tmp_path / "theirs-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[bench.methods]\ntheirs = theirs\n")
    code = "from bench.plugins.registry import find_method; print(find_method('contrast').info.version)"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "7", done.stderr


THIRD_PARTY = """
from bench.api import Family, Method, MethodInfo, register

@register
class Contrast(Method):
    info = MethodInfo(
        name="contrast", version="7", family=Family.HAND_CRAFTED, opinion_aware=False, trained_on=(),
        score_range=(0, 128), higher_is_better=True, licence="MIT", citation="none", summary="RMS contrast",
    )

    def score(self, photos):
        return [float(photo.pixels.std()) for photo in photos]
"""


def test_a_new_method_takes_at_most_thirty_lines() -> None:
    assert len(THIRD_PARTY.strip().splitlines()) <= 30


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "has space"}, "name got 'has space'"),
        ({"score_range": (1.0, 0.0)}, "score_range"),
        ({"licence": " "}, "licence got ' ': give a text"),
    ],
)
def test_incomplete_metadata_is_refused_where_it_is_written(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fakes.info(**{"name": "x", **changes})  # type: ignore[arg-type]


def test_registering_without_info_is_refused() -> None:
    with pytest.raises(UsageError, match="has no class attribute `info`"):
        api.register(type("Bare", (api.Method,), {}))


def test_resize_policies_read_back() -> None:
    for text in ("none", "short:512", "512x384"):
        assert str(api.Resize.parse(text)) == text
    for text in ("short", "short:0", "0x3", "short:99999", "512", "a x b"):
        with pytest.raises(ValueError, match=r"resize policy|between 1 and 16384"):
            api.Resize.parse(text)


def test_info_is_complete_for_every_method() -> None:
    for name, method in registry.catalogue().methods.items():
        assert isinstance(method.info, MethodInfo)
        assert method.info.name == name


def test_the_address_of_the_code_is_one_of_the_web() -> None:
    info = fakes.info("mine", code="https://example.org/mine")
    assert info.as_json()["code"] == "https://example.org/mine"
    for wrong in ("mine.py", "javascript:alert(1)", "https://a b", 3):
        with pytest.raises(ValueError, match=r"method 'mine': code got .*: give an address that begins with https://"):
            fakes.info("mine", code=wrong)


def test_methods_of_known_authors_name_their_code() -> None:
    assert registry.find_method("niqe").info.code == "https://github.com/utlive/niqe"
    assert registry.find_method("qualiclip").info.code == "https://github.com/miccunifi/QualiCLIP"
