"""A program for rows as one loop in C, compiled by the system's compiler and loaded into this process."""

from __future__ import annotations

import ctypes
import os
from array import array
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from gradcli.codegen.c import Unwritten, written
from gradcli.codegen.c_blocks import NAME, source_text
from gradcli.codegen.compiler import FLAGS, Compiler, Unavailable
from gradcli.codegen.trial import fault_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from gradcli.codegen.rowprogram import RowProgram

    Column = np.ndarray[Any, np.dtype[np.float64]]

FLOAT = np.dtype(np.float64)
MOST_LINES = 8_000
FEWEST_ROWS = 32_768  # for a thread of its own: waking it costs as much as some thousand rows
STEP = 4096  # rows; the parts of threads are multiples of it, so that no two write to one page


class TooLong(Exception):
    """A program that a compiler would take minutes for."""


class Kernel:
    """The compiled loop. It lets other threads of Python run while it works."""

    __slots__ = ("_function", "inputs", "outputs")

    def __init__(self, library: ctypes.CDLL, inputs: int, outputs: int) -> None:
        self._function = getattr(library, NAME)
        self._function.restype = ctypes.c_int
        self._function.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_longlong] * 2
        self.inputs = inputs
        self.outputs = outputs

    def run(self, inputs: Sequence[Column], outputs: Sequence[Column], *, threads: int | None = None) -> None:
        """Write the OUTPUTS of every row of the INPUTS: 1-D arrays of float64, as long as each other, strided or not.

        An input may be an output, too. THREADS: as many as there are cores, where that pays.
        """
        if len(inputs) != self.inputs or len(outputs) != self.outputs:
            raise ValueError(f"{self.inputs} inputs and {self.outputs} outputs expected")
        count = len(outputs[0]) if outputs else 0
        for column in (*inputs, *outputs):
            if (column.dtype is not FLOAT and column.dtype != FLOAT) or column.shape != (count,):
                raise ValueError("columns of float64, as long as each other, expected")
        if not all(column.flags.writeable for column in outputs):
            raise ValueError("an output is read-only")
        places = (*_places(inputs), *_places(outputs))
        columns = (inputs, outputs)
        parts = min(threads or cores(), max(1, count // FEWEST_ROWS))
        step = -(-count // (parts * STEP)) * STEP
        starts = range(0, count, max(step, 1))

        def part(start: int, alive: object = columns) -> None:  # whatever becomes of the one who asked
            if self._function(*[place.buffer_info()[0] for place in places], start, min(start + step, count)):
                raise MemoryError

        rest = [_pool().submit(part, start) for start in starts[1:]]
        part(0)
        for each in rest:
            each.result()


def compiled(
    program: RowProgram, *, fast_math: bool = False, say: Callable[[str], None] = lambda reason: None
) -> Kernel | None:
    """The kernel of PROGRAM; None, with the reason SAID, where there is no compiler, or it is not to be trusted.

    FAST_MATH: functions that are off by up to 4 units in the last place, where the C library has them for vectors.
    """
    try:
        compiler = Compiler()
        vectors = compiler.vector_functions() if fast_math else ()
        source = source_of(program, vectors)

        def fault(library: ctypes.CDLL) -> str | None:
            kernel = Kernel(library, len(program.inputs), len(program.outputs))
            return fault_of(program, kernel.run, fast_math=fast_math)

        library = compiler.library(source, FLAGS, fault)
    except Unwritten as error:
        say(f"{error} is not written in C")
    except TooLong:
        say("the program is too long for a loop in C")
    except (Unavailable, OSError) as error:  # or no place to compile in
        say(str(error))
    else:
        return Kernel(library, len(program.inputs), len(program.outputs))
    return None


def source_of(program: RowProgram, vectors: Collection[str] = ()) -> str:
    """The C source of PROGRAM, with the VECTORS that the C library has. Raises Unwritten or TooLong."""
    if len(program.graph) > MOST_LINES:
        raise TooLong(f"{len(program.graph)} lines")
    code, inputs, outputs = written(program.graph, program.inputs, [line for _, line in program.outputs])
    return source_text(code, inputs, outputs, vectors=vectors)


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """The threads beside the one that asks; a process that was forked off has its own."""
    return ThreadPoolExecutor(max(1, cores() - 1), "rows")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _places(columns: Sequence[Column]) -> tuple[array[int], array[int]]:
    """Where the columns start, and the bytes from a row to the next."""
    return (
        array("q", [column.__array_interface__["data"][0] for column in columns]),
        array("q", [column.strides[0] for column in columns]),
    )
