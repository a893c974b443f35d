"""The work of kind "map": a piece of a table in, the value and the gradients of each of its rows out.

The answer is text in whole lines, or the rows as little-endian doubles, one row after the other.
"""

from __future__ import annotations

from threading import Lock

import numpy as np

from gradcli.batch.program import Rows
from gradcli.batch.rowtext import heading, writer
from gradcli.batch.settings import plain, value_of
from gradcli.batch.tables import columns_of, refusal
from gradcli.errors import GradError
from gradcli.language.question import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from gradcli.batch.tables.blocks import Block
    from gradcli.batch.work import Header, Spec, Task, Work
    from gradcli.codegen.rowprogram import RowProgram

    class Kernel(Protocol):
        """What computes a program over columns."""

        def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
            """Write the outputs of every row of the inputs."""


ROWS = "rows"  # the form of an answer that is no text


class Settings:
    """What map was asked to compute, and how the answers are written; as JSON, for other processes.

    NAMES are the columns of the table that matter, SHARED the values that all rows have. FORM is csv, tsv, jsonl, or
    `rows` for doubles. With `many` rows a loop in C pays. COMPILED: text, too, may be read and written by C, which
    changes no byte.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        shared: Mapping[str, Any],
        *,
        wrt: Sequence[str] | None = None,
        decomposition: str = "auto",
        ties: str = "split",
        kernel: str = "auto",
        fast_math: bool = False,
        form: str = ROWS,
        many: bool = False,
        compiled: bool = True,
    ) -> None:
        self.source = source
        self.names = list(names)
        self.shared = dict(shared)
        self.wrt = None if wrt is None else list(wrt)
        self.decomposition = decomposition
        self.ties = ties
        self.kernel = kernel
        self.fast_math = fast_math
        self.form = form
        self.many = many
        self.compiled = compiled

    def spec(self) -> Spec:
        """The settings as JSON."""
        shared = {name: plain(value) for name, value in self.shared.items()}
        return {**vars(self), "kind": "map", "shared": shared}

    @classmethod
    def of(cls, spec: Spec) -> Settings:
        """The settings that became SPEC."""
        given = {name: value for name, value in spec.items() if name not in ("kind", "shared", "here")}
        return cls(**given, shared={name: value_of(value) for name, value in spec["shared"].items()})

    def rows(self) -> Rows:
        """The program over the columns. Raises GradError."""
        options = Options(wrt=self.wrt, decomposition=self.decomposition, ties=self.ties)
        return Rows(self.source, self.names, self.shared, options)


def work(spec: Spec) -> Work:
    """The function that answers a piece of a table."""
    settings = Settings.of(spec)
    return Answers(settings, settings.rows().program, here="here" in spec).answer


class Answers:
    """Answers pieces of a table, in several threads at once where that is asked for."""

    def __init__(self, settings: Settings, program: RowProgram, *, here: bool = False) -> None:
        self.settings = settings
        self.here = here  # the bytes are written by this process, and need not be bytes of their own
        self.program = program
        self.kernel = kernel_of(program, settings)
        self.names = program.names
        self._text = None if settings.form == ROWS else writer(self.names, settings.form, compiled=settings.compiled)

    def answer(self, header: Header, payload: bytes) -> Task:
        """The answers to the rows of a piece; what is wrong with rows is told in the header."""
        if header.get("heading"):
            return _heading_of(header), heading(self.names, self.settings.form)
        block = columns_of({**header, "compiled": self.settings.compiled}, payload)
        found = self.computed(block)
        told = header_of(header, block)
        if self._text is not None:
            return told, self._text(found)
        rows = found.astype("<f8", copy=False)
        return told, memoryview(rows).cast("B") if self.here and rows.size else rows.tobytes()  # type: ignore[return-value]

    def computed(self, block: Block) -> Any:
        """The value and the gradients, a row for each row of the block."""
        columns = [block.columns[name] for name in self.program.columns]
        found = np.empty((block.rows, len(self.names)))
        self.kernel.run(columns, [found[:, place] for place in range(found.shape[1])])
        if block.blank is not None:
            found[block.blank] = np.nan
        return found


def _heading_of(header: Header) -> Header:
    return {"number": header["number"], "lines": 1, "asked": 0, "errors": {}}


def header_of(header: Header, block: Block) -> Header:
    """The header of an answer: how many rows, which of them were bad, and whether that ends the run."""
    told: Header = {"number": header["number"], "lines": block.rows, "asked": block.rows, "errors": {}}
    if block.bad:
        first = block.bad[0]
        file = header["table"]["file"]
        fault = refusal(file, first)
        told["errors"] = {"bad": [len(block.bad), first.row, fault.message, file]}
        if header["table"]["policy"] == "fail":
            told["failure"] = [fault.kind, fault.message, fault.hint]
        elif block.blank is None:
            told["asked"] += len(block.bad)
    return told


def answers(spec: Spec, header: Header, payload: bytes) -> int:
    """How many rows the answer to a piece has."""
    return 1 if header.get("heading") else columns_of({**header, "compiled": spec["compiled"]}, payload).rows


def told(spec: Spec, header: Header, payload: bytes, output: bytes) -> Header:
    """The header that belongs to OUTPUT, the answer to a piece; nothing is computed again."""
    if header.get("heading"):
        return _heading_of(header)
    return header_of(header, columns_of({**header, "compiled": spec["compiled"]}, payload))


_COMPILING = Lock()


def settle_kernel(settings: Settings, program: RowProgram) -> None:
    """Choose between numpy and C once, for all who compute: their bits differ."""
    if settings.kernel == "auto":
        pays = settings.many or settings.fast_math
        settings.kernel = "c" if pays and _compiled(program, settings)[0] is not None else "numpy"


def kernel_of(program: RowProgram, settings: Settings) -> Kernel:
    """What computes the program. Raises GradError (usage) where it has to be a loop in C, and there can be none."""
    if settings.kernel != "c":
        from gradcli.codegen.rows import Kernel as OfNumpy

        return OfNumpy(program)
    found, reason = _compiled(program, settings)
    if found is None:
        raise GradError("usage", f"no loop in C on this machine: {reason}",
                        hint="--kernel numpy needs none, and may differ in the last bits")  # fmt: skip
    return _OneThread(found)


def _compiled(program: RowProgram, settings: Settings) -> tuple[Any, str]:
    """The loop in C, or None and the reason."""
    from gradcli.codegen.native import compiled

    reasons: list[str] = []
    with _COMPILING:
        found = compiled(program, fast_math=settings.fast_math, say=reasons.append)
    return found, "; ".join(reasons)


class _OneThread:
    """A loop in C in the thread that asks: the threads share out blocks already."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel

    def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Write the outputs of every row of the inputs."""
        self._kernel.run(inputs, outputs, threads=1)
