"""What the tests of tables share: a table read whole, and the extras that may be missing."""

import json

import numpy as np
import pytest

from gradcli.batch.rowtext import heading, writer
from gradcli.batch.tables import columns_of, open_rows, open_table

SIZES = (1, 7, 64, 1 << 20)  # bytes of a piece
KINDS = ("csv", "tsv", "jsonl", "npy", "npz", "parquet")


def needed(kind):
    """Skip the test where what KIND needs is not installed."""
    if kind == "parquet":
        pytest.importorskip("pyarrow")


def read(path, size=1 << 20, *, start=1, **how):
    """Columns by name, the bad rows, and the numbers of the rows, from pieces that went through JSON."""
    with open_table(str(path), **how) as table:
        pieces = [*table.pieces(size, start=start)]
        names = [table.names[place] for place in table.wanted]
    blocks = [columns_of(json.loads(json.dumps(header)), bytes(payload)) for header, payload in pieces]
    columns = {name: np.concatenate([np.empty(0), *(block.columns[name] for block in blocks)]) for name in names}
    numbers = [number for block in blocks for number in block.row_numbers.tolist()]
    return columns, [row for block in blocks for row in block.bad], numbers


def write(path, kind, columns):
    """A table of that kind."""
    rows = np.stack(list(columns.values()), 1)
    if kind in ("csv", "tsv", "jsonl"):
        path.write_bytes(heading(list(columns), kind) + writer(list(columns), kind)(rows))
    else:
        with open_rows(str(path), list(columns), kind) as written:
            written.write_block(rows.astype("<f8").tobytes())
    return path


def same(found, expected):
    """Whether the columns have the same names and the same bits (any nan is as good as another)."""
    return list(found) == list(expected) and all(
        np.array_equal(found[name], expected[name], equal_nan=True)
        and (np.signbit(found[name]) == np.signbit(expected[name]))[~np.isnan(expected[name])].all()
        for name in expected
    )
