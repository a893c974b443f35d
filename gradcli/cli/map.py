"""The command map: one expression over every row of a table, its value and its gradients as columns."""

from __future__ import annotations

import os

from gradcli import language
from gradcli.batch.columns import Columns
from gradcli.batch.parts import clear, expanded, is_folder, parts_of
from gradcli.batch.rows import Settings
from gradcli.batch.tables import format_of, format_to, open_table
from gradcli.cli.long_runs import collect_garbage
from gradcli.cli.quick import settings as values_of
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.batch.parts import Part
    from gradcli.batch.program import Rows
    from gradcli.batch.tables.table import Table
    from gradcli.cli.quick import Request


def answer(request: Request) -> int:
    """Compute every row and say the exit code: 1 where the run ended at a bad row."""
    output, form = request["output"], "jsonl" if "json" in request.given else request.given.get("format")
    if form is None and output is not None and not is_folder(output):
        form = format_to(output)
    asked = Asked(request)
    if "head" in request.given and output is None and form is None:
        from gradcli.cli.head import show

        return show(asked)
    collect_garbage()
    from gradcli.cli.rows import Run

    if output is None or not is_folder(output):
        with Run(asked, asked.paths, output, form) as run:
            return run.answer(asked.paths, output)
    parts = parts_for(asked, output, form)
    with Run(asked, [part.path for part in parts], output, form) as run:
        for part in parts:
            code = run.answer([part.path], part.begin(), named=part.target)
            if code:
                return code
            part.finish()
    return 0


def parts_for(asked: Asked, folder: str, form: str | None) -> list[Part]:
    """The files in FOLDER that are left to write: one for each that is read, in its format where none is asked for."""
    request = asked.request
    if "head" in request.given:
        raise GradError("usage", "--head writes one table", hint="name a file: -o FILE")
    parts = parts_of(asked.paths, folder, lambda path: f".{form or format_of(path) or 'csv'}")
    if "resume" not in request.given:
        for path in asked.paths:
            if path != "-" and (os.path.isfile(path) or not os.path.exists(path)):
                asked.table(path).close()
        with asked.table(asked.paths[0]) as first:
            asked.settings(first, form="csv")  # a typo is not to cost what is there
        clear(parts)
        return parts
    left = [part for part in parts if not part.is_finished]
    if not left and not request["quiet"]:
        from gradcli.cli.terminal import complain, note_text

        complain(note_text([f"{folder} is complete: nothing was left to do"]))
    return left


class Asked:
    """What a command line asks for: the program, the files, the values that all rows share."""

    def __init__(self, request: Request) -> None:
        self.request = request
        if "fast-math" in request.given and request["kernel"] == "numpy":
            raise GradError("usage", "--fast-math is for the loop in C, and --kernel numpy is asked for",
                            hint="leave one of them out")  # fmt: skip
        if not request.words:
            from gradcli.cli.refusals import no_expression

            raise no_expression("map")
        first, *rest = request.words
        shared = [word for word in rest if _is_setting(word)]
        self.paths = expanded(word for word in rest if not _is_setting(word))
        if not self.paths:
            raise GradError("usage", "no data given", hint="name a table, as in: gradcli map 'x*y' data.csv, or - for "
                            "standard input; without a table, gradcli grad answers")  # fmt: skip
        if self.paths.count("-") + (first == "-") > 1:
            raise GradError("usage", "standard input can be read only once")
        self.source = first
        if first == "-":
            from gradcli.cli.files import text_of

            self.source = text_of("-")
        self.shared = values_of(shared, self.source)
        self.says_names = False  # said once, that columns without names are taken for the variables

    def table(self, path: str) -> Table:
        """A table, opened, its columns named."""
        request = self.request
        found = open_table(path, columns=request["columns"], bad_rows=request["bad-rows"])
        if not found.names:
            try:
                self._name(found)
            except BaseException:
                found.close()
                raise
        return found

    def _name(self, table: Table) -> None:
        from gradcli.language.builder import build

        if self.request["columns"]:
            table.call(self.request["columns"])
            return
        variables = [name for name in build(self.source, given=self.shared).variables if name not in self.shared]
        if len(variables) != table.width:
            raise GradError(
                "usage", f"the {table.width:,} column{'s' * (table.width != 1)} of {table.file!r} "
                f"{'has no name' if table.width == 1 else 'have no names'}",
                hint=f"name them in order: --columns x,y,...; the variables are {', '.join(variables) or 'none'}",
            )  # fmt: skip
        table.call(variables)
        if not (self.request["quiet"] or self.says_names):
            from gradcli.cli.terminal import complain, note_text

            listed = ", ".join(variables)
            complain(note_text([f"the columns of {table.file} have no names and are taken for the variables in order: "
                                f"{listed}; --columns names them"]))  # fmt: skip
        self.says_names = True

    def settings(self, table: Table, *, form: str) -> tuple[Settings, Rows]:
        """What the work is told, and the program; of the names of the TABLE those that matter."""
        try:
            return self._settings(table.names, form)
        except GradError as error:
            if error.message.startswith("no column and no value"):
                for name, what in table.refused.items():
                    if repr(name) in error.message:
                        fault = f"the column {name!r} of {table.file!r} holds {what}, no numbers"
                        raise GradError("file", fault) from None
            if len(self.paths) > 1:
                error.hint = f"{error.hint}\nthe file is {table.file}" if error.hint else f"the file is {table.file}"
            raise

    def _settings(self, names: Sequence[str], form: str) -> tuple[Settings, Rows]:
        request = self.request
        found = Settings(
            self.source, names, self.shared, wrt=request["wrt"], decomposition=request["decomposition"],
            ties=request["ties"], kernel=request["kernel"], fast_math="fast-math" in request.given,
            form=form, compiled=request["kernel"] != "numpy",
        )  # fmt: skip
        rows = found.rows()
        wanted = {*rows.program.columns}
        bases = {*(request["wrt"] or ())}
        found.names = [name for name in names if name in wanted or name.partition("[")[0].strip() in bases]
        if not wanted:
            hint = f"the columns are {Columns(names).listed()}"
            raise GradError("name", "the program reads no column of the data", hint=hint)
        return found, rows


def _is_setting(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and language.is_name(language.normalised(name.strip()) or "1")
