"""The command line: a module for each command, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

import bench
from bench.cli.stopping import stopped_by_signals
from bench.cli.streams import discard_output, protect_streams
from bench.errors import BenchError, StoppedError, did_you_mean
from bench.extras import explained
from bench.io.colours import tell
from bench.io.visible import brief

# Task → command → (module:object, short help). The short helps are repeated here so that `bench --help` imports no
# command.
TASKS = {
    "Score": {
        "score": ("bench.cli.score:score", "Score images and print the scores without storing them."),
        "run": ("bench.cli.run:run", "Score datasets with methods and store every score."),
        "status": ("bench.cli.status:status", "Say what of a study is done and what is missing."),
        "list": ("bench.cli.listing:listing", "List methods or datasets, and what each needs."),
        "pick": ("bench.cli.pick:pick", "Say which method to use on some photographs, and which of them to rate."),
        "explain": (
            "bench.cli.explain:explain",
            "Explain a method's score of a photograph: where and in which aspect it is bad.",
        ),
    },
    "Compare": {
        "table": ("bench.cli.table:table", "Print the stored results as a table."),
        "plot": ("bench.cli.plot:plot", "Draw figures."),
        "report": ("bench.cli.report:report", "Write the stored results as one HTML page."),
        "site": (
            "bench.cli.site:site",
            "Write the stored results as a static site, for a leaderboard of your own.",
        ),
        "gmad": ("bench.cli.gmad:gmad", "Show the images on which two methods differ most (gMAD)."),
        "cite": ("bench.cli.cite:cite", "Print what to cite for the datasets and methods of a table."),
        "results": ("bench.cli.results:results", "List, verify or remove stored results."),
        "import": ("bench.cli.importing:import_scores", "Store per-image scores that somebody else computed."),
    },
    "Test methods": {
        "robustness": (
            "bench.cli.robustness:robustness",
            "Test whether scores get worse as photographs are degraded.",
        ),
        "invariance": (
            "bench.cli.invariance:invariance",
            "Measure how much scores change when only irrelevant things change.",
        ),
        "check": ("bench.cli.check:check", "Compare stored results with a committed reference, for CI."),
        "distort": ("bench.cli.distort:distort", "Draw a photograph with every distortion at every level."),
    },
    "Make your own": {
        "new": ("bench.cli.new:new", "Begin a method's package or a dataset's card."),
        "fit": ("bench.cli.fit:fit", "Fit a method on pristine photographs, or a regression of its features on MOS."),
        "train": ("bench.cli.train:train", "Train a method on pristine photographs."),
        "inspect": (
            "bench.cli.inspecting:inspect",
            "Tell from two files of weights what the training between them was.",
        ),
    },
    "Datasets and weights": {
        "fetch": ("bench.cli.fetch:fetch", "Download a method's weights or a dataset in advance."),
        "doctor": ("bench.cli.doctor:doctor", "Check whether copies of datasets are complete and readable."),
        "overlap": ("bench.cli.overlap:overlap", "Find the images that two datasets share."),
    },
}
COMMANDS = {name: command for commands in TASKS.values() for name, command in commands.items()}

# What these have finished when they are interrupted, the same command does not do again.
KEEPING = ("run", "fit", "fetch", "robustness", "invariance")

_MOST_OF_A_MESSAGE = 4000  # characters: a message quotes what it is about

START = """\
bench measures how well no-reference image quality methods agree with people. Five things to try:

  bench score photo.jpg --method niqe          score a photograph, or a folder of them
  bench run --method niqe --dataset my_photos  score a folder with scores.csv, or a dataset, and store every score
  bench table                                  print what is stored as a table
  bench list methods                           see all methods and what each needs
  bench report --output report.html            write what is stored as a page

`bench --help` lists all commands, and `bench COMMAND --help` explains one."""

EPILOG = """\b
Exit codes:
  0    done
  1    finished with a problem: a method scored no image, an image failed with --strict, something was
       left out with --skip-missing, a dataset is incomplete, or a check found a regression
  2    not started: an invalid option, a missing file or missing weights
  130  interrupted; finished scores of a run and checkpoints are kept
"""


class _Commands(click.Group):
    """Imports a command's module when it is called, and turns a user's mistake into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        result = super().invoke(ctx)
        sys.stdout.flush()  # a full disk is an error of the command
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}", ctx)
        found = super().resolve_command(ctx, args)
        ctx.with_resource(stopped_by_signals())  # from here on there may be something to keep
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        wide = max(map(len, COMMANDS))
        for task, commands in TASKS.items():
            with formatter.section(task):
                formatter.write_dl([(name.ljust(wide), line) for name, (_, line) in commands.items()])


@click.group(
    cls=_Commands,
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(bench.__version__, message="bench %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Benchmark no-reference image quality methods, opinion-unaware ones first."""
    if context.invoked_subcommand is None:
        click.echo(START)


def _sentence(text: str) -> str:
    text = text.rstrip()
    return text if text.endswith((".", "?", ")")) else f"{text}."


def _tell(text: str) -> None:
    tell(brief(text, _MOST_OF_A_MESSAGE))


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code; a user's mistake prints one line."""
    given = sys.argv[1:] if args is None else args
    try:
        protect_streams()
        code = _run(given)
    except KeyboardInterrupt:  # a second one, or one before the command began
        code = _interrupted(given)
    sys.exit(code)


def _run(args: Sequence[str]) -> int:
    try:
        code = cli.main(args=list(args), prog_name="bench", standalone_mode=False)
    except click.exceptions.Abort:
        return _interrupted(args)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        see = f" See `{context.command_path} --help`." if context else ""
        _tell(f"bench: error: {_sentence(error.format_message())}{see}")
        return error.exit_code
    except StoppedError as error:
        _tell(f"bench: {error}")
        return error.exit_code
    except BenchError as error:
        _tell(f"bench: error: {error}")
        return error.exit_code
    except ModuleNotFoundError as error:
        missing = explained(error, f"bench {_command(args)}")
        if missing is None:
            raise
        _tell(f"bench: error: {missing}")
        return missing.exit_code
    except OSError as error:
        discard_output()
        where = f"{error.filename}: " if error.filename else ""
        _tell(f"bench: error: {where}{error.strerror or error}")
        return 1
    return code if isinstance(code, int) else 0


def _interrupted(args: Sequence[str]) -> int:
    command = _command(args)
    keeping = command in KEEPING or (command == "score" and any(word.startswith("--output") for word in args))
    kept = "; finished work is kept, run the same command again to continue" if keeping else ""
    _tell(f"bench: interrupted{kept}")
    return 130


def _command(args: Sequence[str]) -> str:
    return next((word for word in args if not word.startswith("-")), "")
