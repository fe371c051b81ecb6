"""A page for every command: its help and its options, under the headings that the terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from bench.cli import COMMANDS, TASKS, cli
from bench.cli.commands import headed

from . import text

DOCS = Path(__file__).parents[1]
_MOST_GUIDES = 4


def pages() -> dict[str, str]:
    """Return file name → page of every command, and the page that lists them."""
    guides = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("guides/*.md"))}
    root = click.Context(cli, info_name="bench", **cli.context_settings)
    made = {name: _page(root, name, guides) for name in COMMANDS}
    return {"index": _index(), **made}


def _index() -> str:
    def row(name: str) -> list[str]:
        return [f"[bench {name}]({name}.md)", text.prose(COMMANDS[name][1])]

    parts = [text.section(task, text.table(["", ""], map(row, names))) for task, names in TASKS.items()]
    codes = click.unstyle(str(cli.epilog)).replace("\b\n", "")
    hidden = "\n".join(["```{toctree}", ":hidden:", "", *COMMANDS, "```"])
    return text.page(
        "Commands", text.prose(cli.get_short_help_str(200)), *parts, text.section("Exit codes", _block(codes)), hidden
    )


def _page(root: click.Context, name: str, guides: dict[Path, str]) -> str:
    command = cli.get_command(root, name)
    assert command is not None
    parts = [part for each in _with_subcommands(command, root, name) for part in _described(*each)]
    return text.page(f"bench {name}", *parts[1:], text.section("Guides", _guides(name, guides)))


def _with_subcommands(
    command: click.Command, parent: click.Context, name: str
) -> Iterator[tuple[click.Command, click.Context]]:
    context = click.Context(command, info_name=name, parent=parent)
    yield command, context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _with_subcommands(found, context, below)


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    level = "##" if context.parent and not context.parent.parent else "###"
    yield f"## {context.command_path}"
    yield text.code([f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"])
    yield _help(command.help or "")
    for heading, records in headed(command, context).items():
        terms = [f"`{' '.join(names.split())}`\n: {_prose(said)}" for names, said in records]
        yield "\n\n".join([f"{level} {heading}", *terms])
    yield _help(command.epilog or "")


def _prose(said: str) -> str:
    """Return plain text as Markdown, with links to the guides that it names."""
    return re.sub(r"\bdocs/((?:guides|reference)/(\w+)\.md)", r"[\2](../../\1)", text.prose(said))


def _help(said: str) -> str:
    """Return a command's help as Markdown; what click must not wrap stays as it is."""
    said = re.sub(r"^ +", lambda found: found.group()[4:], said, flags=re.MULTILINE)
    paragraphs = re.split(r"\n\s*\n", said.strip())
    return "\n\n".join(_block(part[2:]) if part.startswith("\b") else _prose(part) for part in paragraphs if part)


def _block(lines: str) -> str:
    return text.code(lines.strip("\n").splitlines(), "text")


def _guides(name: str, guides: dict[Path, str]) -> str:
    counted = {path: len(re.findall(rf"\bbench {name}\b", said)) for path, said in guides.items()}
    most = sorted((path for path in counted if counted[path]), key=lambda path: -counted[path])[:_MOST_GUIDES]
    titles = {path: guides[path].partition("\n")[0].lstrip("# ") for path in most}
    return "\n".join(f"* [{title}](../../guides/{path.name})" for path, title in titles.items())
