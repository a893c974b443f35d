"""Files of columns, npz and Parquet: the rows go into PATH.part, a .npy file, and become PATH at the end.

A run that is cut off leaves PATH.part, with which --resume goes on; PATH itself is always whole. The same rows make the
same bytes, whenever and in how many runs they were computed (Parquet: by the same release of pyarrow).
"""

from __future__ import annotations

import os

import numpy as np

from gradcli.batch.sinks import STANDARD_OUTPUT, refuse_input
from gradcli.batch.tables.rows_written import RowsWritten
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

GROUP = 1 << 16  # rows of a Parquet row group, and of what is read at once
THEN = (1980, 1, 1, 0, 0, 0)


class Spooled(RowsWritten):
    """Rows that become a file of another kind when all are there."""

    def __init__(
        self, path: str | None, names: Sequence[str], kind: str, *, inputs: Sequence[str] = (), resume: bool = False
    ) -> None:
        if path is None or path in STANDARD_OUTPUT:
            raise GradError("usage", f"{kind} is written to a file", hint=f"name it with --output FILE.{kind}")
        if kind == "parquet":
            from gradcli.batch.tables.parquet import library

            library(path)
        self.target = path
        self.kind = kind
        there = os.path.isfile(path)
        if there:
            with open(path, "rb") as file:
                refuse_input(file.fileno(), repr(path), inputs)
        spool = path + ".part"
        ended = resume and there and not os.path.exists(spool)
        super().__init__(spool, names, inputs=inputs, resume=resume)
        if ended:
            self._take_back()

    def _take_back(self) -> None:
        """The rows of a file that an earlier run ended: they are compared and written again."""
        from gradcli.batch.tables import open_table

        try:
            with open_table(self.target, bad_rows="nan") as table:
                if table.names != self.names:
                    raise GradError("file", f"{self.target!r} is not from this run: its columns are others",
                                    hint="without --resume the file is written anew")  # fmt: skip
                for block in table.blocks(GROUP):
                    self.write_block(np.stack(list(block.columns.values()), 1).astype("<f8").tobytes())
        except BaseException:
            self.close()
            os.unlink(self.target + ".part")
            raise

    def finish(self) -> None:
        """Write the file, and put it in its place at once."""
        assert self.path is not None
        new = self.target + ".new"
        try:
            (write_archive if self.kind == "npz" else write_parquet)(new, self)
            os.replace(new, self.target)
        except BaseException:
            if os.path.exists(new):
                os.unlink(new)
            raise
        os.unlink(self.path)

    def blocks(self) -> Iterator[Any]:
        """The rows, some at a time."""
        for start in range(0, self.rows, GROUP):
            yield np.frombuffer(self.read(start, GROUP), "<f8").reshape(-1, len(self.names))


def write_archive(path: str, rows: Spooled) -> None:
    """Each column as an array under its name, not compressed, as numpy.savez does it."""
    from zipfile import ZipFile, ZipInfo

    with ZipFile(path, "w") as archive:
        for place, name in enumerate(rows.names):
            info = ZipInfo(f"{name}.npy", THEN)
            info.create_system = 3
            with archive.open(info, "w", force_zip64=True) as file:
                head = {"descr": "<f8", "fortran_order": False, "shape": (rows.rows,)}
                np.lib.format.write_array_header_1_0(file, head)
                for block in rows.blocks():
                    file.write(np.ascontiguousarray(block[:, place]).tobytes())


def write_parquet(path: str, rows: Spooled) -> None:
    """Each column as doubles that are never null."""
    from gradcli.batch.tables.parquet import library

    arrow, parquet = library(path)
    schema = arrow.schema([arrow.field(name, arrow.float64(), nullable=False) for name in rows.names])
    with parquet.ParquetWriter(path, schema, use_dictionary=False, store_schema=False) as file:
        for block in rows.blocks():
            columns = [arrow.array(np.ascontiguousarray(block[:, place])) for place in range(len(rows.names))]
            file.write_table(arrow.Table.from_arrays(columns, schema=schema), GROUP)
