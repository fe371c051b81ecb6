"""What people type and see: names of options, headings of helps, hints, completion, and tables on a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from conftest import Ran

from bench.cli import COMMANDS, TASKS, cli, commands, completion
from bench.views.model import Value, View
from bench.views.shown import Views

Bench = Callable[..., Ran]


def each_command(group: click.Group = cli, path: str = "") -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path}{name}", command))
        if isinstance(command, click.Group):
            found += each_command(command, f"{path}{name} ")
    return found


def test_without_a_command_five_things_to_try_are_shown_and_all_of_them_exist(bench: Bench) -> None:
    done = bench()
    tried = re.findall(r"^  bench (\S+)(.*?)  ", done.out, re.MULTILINE)
    assert done.code == 0
    assert len(tried) == 5
    for name, rest in tried:
        known = {option for param in cli.get_command(click.Context(cli), name).params for option in param.opts}  # type: ignore[union-attr]
        assert set(re.findall(r"--[a-z]+", rest)) <= known


def test_commands_stand_under_the_tasks_that_they_are_for(bench: Bench) -> None:
    text = bench("--help").out
    places = [text.index(f"\n{task}:") for task in TASKS]
    assert places == sorted(places)
    for name, (_, short) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(short.split()[0])}", text, re.MULTILINE), name


@pytest.mark.parametrize(("name", "command"), each_command(), ids=lambda v: v if isinstance(v, str) else "")
def test_no_help_is_cut_and_every_option_is_in_it(name: str, command: click.Command) -> None:
    text = command.get_help(click.Context(command, info_name=f"bench {name}", terminal_width=80))
    assert not re.search(r"[a-z]\.\.\.$", text, re.MULTILINE)  # as click cuts what is too long
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert re.search(rf"^  .*{param.opts[0]}\b", text, re.MULTILINE), param.opts[0]


def test_many_options_stand_under_headings(bench: Bench) -> None:
    text = bench("run", "--help").out
    assert [line for line in text.splitlines() if re.fullmatch(r"\w.*:", line)] == [
        *("Methods:", "Images:", "Labels:", "Scoring:", "Options:")
    ]
    assert "INTEGER" not in text
    assert text.index("Scoring:") < text.index("--workers N") < text.index("Options:")


def test_an_option_that_was_renamed_is_still_understood(bench: Bench, photos: Path) -> None:
    del photos
    for given in (["--photos", "nowhere"], ["--photos=nowhere"], ["--dataset", "nowhere"]):
        assert "--dataset got 'nowhere'" in bench("robustness", "--method", "niqe", *given).err
    assert "--photos" not in bench("robustness", "--help").out
    # What a command never had is as unknown as ever.
    assert "No such option" in bench("doctor", "--photos", "nowhere").err
    known = {option for _, command in each_command() for param in command.params for option in param.opts}
    assert set(commands.RENAMED.values()) <= known
    assert not set(commands.RENAMED) & known


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["score", "foto.jpg", "--method", "niqe"], "Did you mean 'photo.jpg'?"),
        (["score", "new/foto.jpg", "--method", "niqe"], "Did you mean 'new/photo.jpg'?"),
        (["run", "--method", "niqe,piqe", "--dataset", "sample"], "one by one: `--method niqe --method piqe`"),
        (["run", "--method", "niqe", "--dataset", "koniq, spaq"], "one by one: `--dataset koniq --dataset spaq`"),
        (["score", "photo.jpg", "--method", "niqe", "--resize", "512"], "(short:512 brings the short side to 512"),
    ],
    ids=["file", "file in a folder", "methods", "datasets", "resize"],
)
def test_a_mistake_that_many_make_gets_a_hint(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], hint: str
) -> None:
    (tmp_path / "new").mkdir()
    for name in ("photo.jpg", "new/photo.jpg"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    done = bench(*arguments)
    assert hint in done.err
    assert done.code == 2


def completed(words: str, **environment: str) -> list[str]:
    """Return what bash would offer for the last word of a line."""
    told = {"_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    line = [sys.executable, "-c", "from bench.cli import main; main()"]
    done = subprocess.run(line, env={**os.environ, **told, **environment}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_shell_completes_methods() -> None:
    assert completed("bench score --method qualiclip-l") == ["plain,qualiclip-lite"]


def offered(function: Callable[..., list[click.shell_completion.CompletionItem]], incomplete: str) -> list[str]:
    command = cli.get_command(click.Context(cli), "table")
    assert command is not None
    return [item.value for item in function(click.Context(command), command.params[0], incomplete)]


def test_datasets_options_and_stored_names_are_completed(bench: Bench, photos: Path) -> None:
    assert {"kadid10k", "kadi"} <= set(offered(completion.datasets, "kadi"))  # the last is for paths
    assert offered(completion.method_options, "niqe.") == ["niqe.model="]
    assert offered(completion.stored_methods, "") == []
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert offered(completion.stored_methods, "by") == ["bytes-per-pixel"]
    assert offered(completion.stored_datasets, "p") == [photos.name]


VIEWS = Views(
    (
        View(
            [Value("method"), Value("SRCC", notes=("of 3 images",))],
            [("a [bold]kind[/]", [[Value("niqe\x1b[2J"), Value("0.912", standing="best")]])],
            ["A sentence of more than twenty characters."],
        ),
    )
)


def test_a_terminal_gets_a_table_of_its_own_and_no_text_steers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    text = VIEWS.written("terminal")
    assert "\x1b[1;32m0.912\x1b[0m" in text
    assert "\x1b[2J" not in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "a [bold]kind[/]" in plain
    assert r"niqe\u001b[2J" in plain
    assert re.search(r"method +SRCC¹", plain)
    assert "¹ of 3 images" in plain
    # Sentences are wrapped, numbers are not.
    assert "A sentence of more\nthan twenty" in re.sub(" +\n", "\n", plain)


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3\d", VIEWS.written("terminal"))


ON_A_TERMINAL = """
import os, pty, sys
pid, screen = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-c", "from bench.cli import main; main()", *sys.argv[1:]])
said = b""
try:
    while part := os.read(screen, 65536):
        said += part
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(said)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_table_is_coloured_on_a_terminal_alone(bench: Bench, photos: Path) -> None:
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    line = [sys.executable, "-c", ON_A_TERMINAL, "table", "--draws", "0"]
    shown = subprocess.run(line, env={**os.environ, "TERM": "xterm"}, capture_output=True, check=True).stdout.decode()
    assert "\x1b[1m" in shown
    assert "| method" not in shown
    assert bench("table", "--draws", "0").out.startswith("| method")
    asked = subprocess.run([*line, "--format", "md"], capture_output=True, check=True).stdout.decode()
    assert asked.startswith("| method")
