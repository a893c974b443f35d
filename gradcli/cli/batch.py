"""The command batch: what a command line asks for, and where the answers go."""

from __future__ import annotations

import os

from gradcli.batch.parts import expanded, is_folder, parts_of
from gradcli.batch.sources import check, unreadable
from gradcli.cli.lines import Run, is_done
from gradcli.cli.long_runs import collect_garbage
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.batch.parts import Part
    from gradcli.cli.quick import Request

NEVER_WRITTEN = frozenset((".parquet", ".npy", ".npz", ".xlsx", ".xls", ".ods", ".tsv", ".gz", ".zip"))


def answer(request: Request) -> int:
    """Answer every line and say the exit code: 1 where one failed."""
    if not request.words:
        hint = "write gradcli batch FILE..., or gradcli batch - for standard input"
        raise GradError("usage", "no file given", hint=hint)
    if request.words.count("-") > 1:
        raise GradError("usage", "standard input can be read only once")
    form = form_of(request)
    refuse_programs(request.words)
    request.words = expanded(request.words)
    parts = parts_for(request, form)
    collect_garbage()
    left = request.words if parts is None else [part.path for part in parts if not is_done(request, part)]
    return Run(request, form, left).answer(parts)


def refuse_programs(words: Sequence[str]) -> None:
    """Raise GradError (file) where a word is no file, but a program or NAME=VALUE."""
    for word in words:
        if word == "-" or os.path.exists(word) or not any(sign in word for sign in "=+^*( "):
            continue
        from gradcli.cli.refusals import meant_as_program

        hint = meant_as_program(word)
        if hint is not None:
            raise unreadable(word, "no such file or directory", hint)


def form_of(request: Request) -> str:
    """What to write: what an option says, or the name of the output."""
    output, given = request["output"], request.given
    form: str = "jsonl" if "json" in given else request["format"]
    if output is None or "json" in given or "format" in given or is_folder(output):
        return form
    suffix = os.path.splitext(output)[1].lower()
    if suffix in NEVER_WRITTEN:
        hint = "name it .jsonl or .csv; --format says it for any name"
        raise GradError("usage", f"batch writes JSON Lines or CSV, and no {suffix}", hint=hint)
    return "csv" if suffix == ".csv" else form


def parts_for(request: Request, form: str) -> list[Part] | None:
    """The part for each file where --output is a folder; None where all answers go to one place."""
    output = request["output"]
    if output is None or form == "table" or not is_folder(output):
        return None
    parts = parts_of(request.words, output, lambda path: f".{form}")
    for part in parts:
        check(part.path)
    return parts
