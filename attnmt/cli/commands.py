"""The subcommands. A module of `attnmt.cli` is imported when its command runs."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# For each module of `attnmt.cli` the name of its function or Typer app, and the first
# sentence of its help: with that, `attnmt --help` need not import what it lists.
COMMANDS = {
    "init": (
        "init",
        "Write a commented configuration to fill in: languages, files, run folder.",
    ),
    "check": (
        "check",
        "Read a configuration and all its text, and list what may be wrong with them.",
    ),
    "train": ("train", "Train a model; the same command again resumes where it was."),
    "translate": (
        "translate",
        "Translate text, line by line: N lines in, N lines out, in order.",
    ),
    "score": ("score", "Score given translations: N pairs in, N lines out, in order."),
    "rerank": (
        "rerank",
        "Choose the best of several translations of each line (n-best lists or "
        "samples).",
    ),
    "eval": (
        "evaluate",
        "Score translations: the test set of a run, other text, or two files.",
    ),
    "align": ("align", "Link the words of two texts, learnt from these texts alone."),
    "attention": (
        "app",
        "Look at attention weights, as `attnmt translate --attention` writes them.",
    ),
    "tokenize": (
        "app",
        "Train a SentencePiece model, cut text into pieces, join pieces to text.",
    ),
    "config": ("app", "Show the effective configuration, its schema, its keys."),
    "export": (
        "export",
        "Export a trained model to run without TensorFlow, and check that it does.",
    ),
    "shortlist": (
        "shortlist",
        "Learn how each source piece is translated, for quicker searches "
        "(--shortlist).",
    ),
    "average": (
        "average",
        "Average the weights of checkpoints into a new run folder.",
    ),
    "tune-decoding": (
        "tune_decoding",
        "Find the beam size and the penalties that translate best.",
    ),
    "verify": (
        "verify",
        "Check that a run folder is what was written, without links or devices in it.",
    ),
    "report": (
        "report",
        "Write one HTML page about a run, or about several beside each other.",
    ),
    "info": ("info", "Show versions and the newest run, with --device the device."),
}


class LazyGroup(TyperGroup):
    """A group that holds a summary of each command and imports the one it runs."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, summary, rest = super().resolve_command(ctx, args)
        return name, summary and load_command(str(summary.name)), rest


def add_summaries(app: typer.Typer) -> None:
    """Give the app a stand-in with a line of help for every subcommand."""
    for name, (_, summary) in COMMANDS.items():
        app.command(name, help=summary)(_stand_in)


def load_command(name: str) -> Any:
    """Import a subcommand."""
    found = getattr(
        import_module(f"attnmt.cli.{name.replace('-', '_')}"), COMMANDS[name][0]
    )
    holder = typer.Typer(rich_markup_mode="markdown")
    holder.callback()(_stand_in)  # a group even though it has one command only
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    return get_group(holder).commands[name]


def _stand_in() -> None:
    pass
