"""One row of a CSV as a question: a column is the program, others are values."""

from __future__ import annotations

import csv
from itertools import product

from gradcli.batch.columns import Columns
from gradcli.batch.header_row import OWN, PROGRAM
from gradcli.batch.members import chosen, names_of, order_of_text
from gradcli.batch.programs import decoded, refuse_torn
from gradcli.batch.records import LONGEST_CELL, ends, long_cells
from gradcli.errors import GradError
from gradcli.graph.nested import NON_FINITE
from gradcli.language.builder import value_of
from gradcli.text import json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.batch.everyday import Everyday
    from gradcli.batch.objects import Asked
    from gradcli.batch.settings import Settings
    from gradcli.batch.work import Header
    from gradcli.graph import Shape

SAID = ("wrt", "mode", "decomposition", "order")  # beside the program and its values
UNSAID = (None, None, None, None)


class Rows:
    """Reads rows of a CSV."""

    __slots__ = ("arrays", "columns", "delimiter", "label", "said", "settings", "torn", "values")
    undivided = False

    def __init__(self, settings: Settings, header: Header) -> None:
        self.settings = settings
        self.delimiter = header["delimiter"]
        self.columns = {name: place for place, name in enumerate(header["columns"])}
        values = Columns(["" if name in OWN else name for name in header["columns"]])
        shapes = {name: values.shape_of(name) for name in values.found}
        self.values = [(name, values.places_of(name)[0]) for name, shape in shapes.items() if not shape]
        self.arrays = [(name, shape, values.places_of(name)) for name, shape in shapes.items() if shape]
        self.said = [(name, self.columns[name]) for name in SAID if name in self.columns]
        self.label = ""
        self.torn = False

    def numbered(self, payload: bytes, first: int) -> Iterable[tuple[int, str]]:
        """The records of a chunk, each with the number of its first line."""
        text, self.torn = decoded(payload)
        if '"' not in text:
            return enumerate(text.split("\n"), first)
        found = []
        start = 0
        for end in ends(text, self.delimiter):
            record = text[start:end]
            found.append((first, record))
            first += record.count("\n")
            start = end
        return found

    def everyday(self, records: Sequence[str]) -> list[Everyday | None]:
        """The questions in the RECORDS; None where one is not everyday."""
        read: list[Everyday | None] = []
        for record in records:
            try:
                asked = self.read(record)
            except (GradError, MemoryError):  # which will be told when it is read alone
                asked = None
            read.append((asked[0], asked[1], self.label) if asked is not None and asked[2:] == UNSAID else None)
        return read

    def read(self, record: str) -> Asked | None:
        """The question in a record; None where it is blank. Raises GradError."""
        self.label = ""
        if self.torn:
            refuse_torn(record)
        cells = self._cells(record)
        if not any(cells):
            return None
        columns = self.columns
        if "id" in columns and len(cells) > columns["id"]:
            self.label = f'"id":{json_string(cells[columns["id"]])}'
        if len(cells) != len(columns):
            raise self._uneven(cells)
        source = cells[columns[PROGRAM]]
        if not source.strip():
            raise GradError("syntax", "the cell of 'expr' is empty")
        given = {}
        for name, place in self.values:
            cell = cells[place]
            if not cell:
                continue
            try:
                if "_" in cell or not cell.isascii():
                    raise ValueError  # Python reads more as numbers than others do
                given[name] = float(cell)
            except ValueError:
                if not cell.isspace():
                    given[name] = self._value(name, cell)
        for name, shape, places in self.arrays:
            if any(cells[place].strip() for place in places):
                given[name] = self._array(name, shape, [cells[place] for place in places])
        own = {name: cells[place].strip() for name, place in self.said}
        if self.settings.at:
            given = {**self.settings.point_for(source), **given}
        if not any(own.values()):
            return source, given, None, None, None, None
        wrt = names_of(own["wrt"].replace(";", ",")) if own.get("wrt") else None
        mode, decomposition = (chosen(own.get(name) or None, name) for name in ("mode", "decomposition"))
        return source, given, wrt, mode, decomposition, order_of_text(own["order"]) if own.get("order") else None

    def _cells(self, record: str) -> list[str]:
        if '"' not in record:
            return record.rstrip("\n").split(self.delimiter)
        try:
            with long_cells():
                return next(csv.reader([record], delimiter=self.delimiter, strict=True, skipinitialspace=True))
        except csv.Error as error:
            raise self._no_record(record, error) from None

    def _no_record(self, record: str, error: csv.Error) -> GradError:
        if "field larger" in str(error):
            return GradError("limit", f"a cell is longer than {LONGEST_CELL:,} letters")
        hint = 'a quoted cell ends at its second quote; a quote inside it is written twice: ""'
        return GradError("syntax", "something else than a delimiter stands behind a quoted cell", hint=hint)

    def _uneven(self, cells: list[str]) -> GradError:
        hint = None
        if len(cells) > len(self.columns):
            hint = f"quote a cell that holds the delimiter {self.delimiter!r}, as in \"max(x, y)\""
        return GradError("syntax", f"{len(cells)} cells found, {len(self.columns)} expected", hint=hint)

    def _array(self, name: str, shape: Shape, cells: list[str]) -> Any:
        """The array whose elements stand in columns of their own."""
        from gradcli.graph.arrays import from_numbers
        from gradcli.graph.scalars import element

        numbers = []
        for index, cell in zip(product(*map(range, shape)), cells, strict=True):
            whole = element(name, index)
            if not cell.strip():
                raise GradError("value", f"the cell of {whole!r} is empty, and others of {name!r} are not")
            number = self._value(whole, cell)
            if type(number) is not float:
                raise GradError("shape", f"the value of {whole!r} has to be a number, and it is an array")
            numbers.append(number)
        return from_numbers(numbers, shape)

    def _value(self, name: str, cell: str) -> Any:
        text = cell.strip()
        if text in NON_FINITE:
            return NON_FINITE[text]
        try:
            return value_of(text, what=f"the value of {name!r}", memory=self.settings.max_memory)
        except GradError as error:
            raise in_cell(name, text, error) from None


def in_cell(name: str, text: str, error: GradError) -> GradError:
    """The error of a value, said to be of a cell."""
    message = error.message if repr(name) in error.message else f"{error.message}, in the cell of {name!r}"
    hint = error.hint
    if text.replace(",", "", 1).lstrip("+-").isdigit():
        hint = f"write {text.replace(',', '.')}"
    return GradError(error.kind, message, hint=hint, source=error.source, spans=error.spans)
