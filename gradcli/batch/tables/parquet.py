"""Tables in Parquet files, by pyarrow: read batch by batch, only the wanted columns."""

from __future__ import annotations

import numpy as np

from gradcli.batch.tables.columnar import Columnar
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.tables.columnar import Part
    from gradcli.batch.tables.sources import Source

MISSING = "a number is missing"


def library(path: str) -> tuple[Any, Any]:
    """pyarrow and its Parquet. Raises GradError where they are not installed."""
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise GradError("file", f"Parquet needs pyarrow, which is not installed: {path!r}",
                        hint="pip install 'gradcli[parquet]'") from None  # fmt: skip
    return pyarrow, pyarrow.parquet


class Parquet(Columnar):
    """A Parquet file. A column of lists of one length gives x[0], x[1]; null is a missing number."""

    def __init__(self, source: Source, policy: str, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, policy)
        arrow, parquet = library(self.file)
        try:
            self.parquet = parquet.ParquetFile(source.seekable(), pre_buffer=False)
        except (arrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        self.rows = self.parquet.metadata.num_rows
        self.places: list[tuple[str, int | None]] = []  # of each column: its own name, and which of a list it is
        self.widths: dict[str, int] = {}
        self._find(arrow)
        self.width = len(self.names)
        if columns is not None:
            self.call(columns)

    def _find(self, arrow: Any) -> None:
        types = arrow.types
        for field in self.parquet.schema_arrow:
            kind = field.type
            if is_number(types, kind):
                self.names.append(field.name)
                self.places.append((field.name, None))
            elif (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)) and is_number(
                types, kind.value_type
            ):
                width = self._width(arrow, field)
                self.widths[field.name] = width
                self.names += [f"{field.name}[{k}]" for k in range(width)]
                self.places += [(field.name, k) for k in range(width)]
            else:
                self.refused[field.name] = str(kind)

    def _width(self, arrow: Any, field: Any) -> int:
        """How long the lists of a column are, told by the first that is there."""
        if arrow.types.is_fixed_size_list(field.type):
            return int(field.type.list_size)
        for batch in self.parquet.iter_batches(1024, columns=[field.name], use_threads=False):
            lengths = arrow.compute.list_value_length(batch.column(0)).drop_null()
            if len(lengths):
                return int(lengths[0].as_py())
        return 0

    def select(self, wanted: Sequence[str]) -> None:
        """Read these columns only, in this order. Raises GradError (name, file)."""
        for name in wanted:
            if name not in self.names and name in self.refused:
                raise GradError("file", f"the column {name!r} of {self.file!r} holds {self.refused[name]}, no numbers")
        super().select(wanted)

    def parts(self, rows: int, start: int) -> Iterator[Part]:
        """The wanted columns; nan where a number is missing."""
        wanted = [self.places[place] for place in self.wanted or ()]
        tops = list(dict.fromkeys(top for top, _ in wanted))
        names = [self.names[place] for place in self.wanted or ()]
        arrow, _ = library(self.file)
        try:
            groups, skipped = self._groups_from(start)
            for batch in self.parquet.iter_batches(rows, row_groups=groups, columns=tops, use_threads=False):
                if skipped >= len(batch):
                    skipped -= len(batch)
                    continue
                batch, skipped = batch.slice(skipped), 0
                faults: dict[int, tuple[str, str]] = {}
                columns = []
                for name, (top, place) in zip(names, wanted, strict=True):
                    column = batch.column(batch.schema.get_field_index(top))
                    if place is not None:
                        column = self._element(arrow, column, place, self.widths[top], name, faults)
                    columns.append(doubles(arrow, column, name, faults))
                yield columns, [(row, *fault) for row, fault in sorted(faults.items())]
        except (arrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _groups_from(self, start: int) -> tuple[list[int], int]:
        """The row groups from the row START on, and how many rows of them are before it."""
        groups = list(range(self.parquet.num_row_groups))
        while groups and start >= (rows := self.parquet.metadata.row_group(groups[0]).num_rows):
            start -= rows
            groups.pop(0)
        return groups, start

    def _element(self, arrow: Any, column: Any, place: int, width: int, name: str, faults: Any) -> Any:
        lengths = arrow.compute.list_value_length(column)
        if not arrow.types.is_fixed_size_list(column.type):
            found = lengths.to_numpy(zero_copy_only=False)
            for row in np.flatnonzero((found != width) & ~np.isnan(found.astype(float))).tolist():
                faults.setdefault(row, (name, f"the list has {int(found[row]):,}, and the first {width:,}"))
            if faults:
                whole = arrow.array(found == width)
                column = arrow.compute.if_else(whole, column, arrow.scalar(None, column.type))
        return arrow.compute.list_element(column, place)

    def _unreadable(self, error: Exception) -> GradError:
        reason = str(error).split("\n", 1)[0]
        return GradError("file", f"{self.file!r} is no Parquet file that can be read: {reason[:1].lower()}{reason[1:]}")


def is_number(types: Any, kind: Any) -> bool:
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def doubles(arrow: Any, column: Any, name: str, faults: dict[int, tuple[str, str]]) -> Any:
    """A column as doubles, nan where it has none."""
    if column.null_count:
        for row in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)).tolist():
            faults.setdefault(row, (name, MISSING))
    if arrow.types.is_boolean(column.type):
        column = column.cast(arrow.uint8())
    return column.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
