"""Operations of C put into loops over a block of rows, and those into the function that a kernel calls."""

from __future__ import annotations

from gradcli.codegen.c_functions import functions_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradcli.codegen.c import Code

LONGEST_LOOP = 40  # operations; more of them would not stay in registers anyway
MOST_BYTES = 1 << 18  # of the arrays of a block: about what stays in the cache of a processor
BLOCKS = (256, 128, 64, 32)  # rows, the most that fit
NAME = "gradcli_rows"

MOVES = r"""
NOINLINE void load(const char *from, i64 step, int count, double *restrict to) {
  if (step == 8) __builtin_memcpy(to, from, 8 * (u64)count);
  else for (int i = 0; i < count; i++) __builtin_memcpy(to + i, from + i * step, 8);
  for (int i = count; i < ROWS; i++) to[i] = to[count - 1];
}
NOINLINE void store(const double *restrict from, int count, char *to, i64 step) {
  if (step == 8) __builtin_memcpy(to, from, 8 * (u64)count);
  else for (int i = 0; i < count; i++) __builtin_memcpy(to + i * step, from + i, 8);
}"""


class Event:
    """One step over a block: a loop of inline operations, or a call of a function (`called`) for its results."""

    __slots__ = ("called", "operations")

    def __init__(self, operations: Sequence[int], called: str | None) -> None:
        self.operations = operations
        self.called = called


def source_text(code: Code, inputs: Sequence[int], outputs: Sequence[int], *, vectors: Collection[str] = ()) -> str:
    """The whole C source of a kernel; VECTORS as in functions_text.

    Its function says 0, or 1 where there was no memory.
    """
    events = _events(code)
    ends = _ends(code, events, outputs)
    names, count = _arrays(code, events, inputs, ends)
    rows = next((rows for rows in BLOCKS if 8 * rows * count <= MOST_BYTES), BLOCKS[-1])
    body = _body(code, events, inputs, outputs, names)
    called = {event.called for event in events if event.called}
    return "\n".join([
        f"#define ROWS {rows}\n#define WIDTH (ROWS + 8)  /* else the arrays would share few sets of the cache */",
        functions_text(called, vectors=vectors), MOVES.strip("\n"),
        *(_loop(code, number, event, names) for number, event in enumerate(events) if not event.called),
        "int posix_memalign(void **, unsigned long, unsigned long);", "void free(void *);",
        f"int {NAME}(const char *const *in, const i64 *in_step, char *const *out, const i64 *out_step, i64 from, "
        "i64 to) {",
        "  double (*a)[WIDTH];",
        f"  if (posix_memalign((void **)&a, 64, {count}UL * sizeof *a)) return 1;",
        "  for (i64 at = from; at < to; at += ROWS) {",
        "    int count = to - at < ROWS ? (int)(to - at) : ROWS;",
        *(f"    {line}" for line in body),
        "  }", "  free(a);", "  return 0;", "}", "",
    ])  # fmt: skip


def _events(code: Code) -> list[Event]:
    """Loops and calls in an order in which each finds its operands, the loops as long as they may be."""
    levels: list[int] = []
    for operation in code.operations:
        level = max((levels[operand] for operand in operation.operands), default=0)
        levels.append(level + (operation.slot is not None))
    found: list[Event] = []
    by_level: list[tuple[list[int], list[int]]] = [([], []) for _ in range(max(levels, default=0) + 1)]
    for index, operation in enumerate(code.operations):
        if index not in code.literals and not operation.text.startswith("input "):
            by_level[levels[index]][operation.slot is None].append(index)
    for calls, inline in by_level:
        groups: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        for index in calls:
            operation = code.operations[index]
            groups.setdefault((operation.text, operation.operands), []).append(index)
        found += [Event(indices, text) for (text, _), indices in groups.items()]
        inline = _near_their_use(code, inline)
        for start in range(0, len(inline), LONGEST_LOOP):
            found.append(Event(inline[start : start + LONGEST_LOOP], None))
    return found


def _near_their_use(code: Code, operations: Sequence[int]) -> list[int]:
    """The OPERATIONS so that each stands where it is first needed: what is read in the same loop needs no array."""
    left = set(operations)
    found: list[int] = []
    used = {operand for index in operations for operand in code.operations[index].operands}
    for last in [index for index in operations if index not in used]:
        waiting = [last]
        while waiting:
            index = waiting[-1]
            missing = [operand for operand in code.operations[index].operands if operand in left and operand != index]
            if missing and index in left:
                waiting += missing[::-1]
                continue
            waiting.pop()
            if index in left:
                left.remove(index)
                found.append(index)
    return found


def _ends(code: Code, events: Sequence[Event], outputs: Sequence[int]) -> dict[int, int]:
    """For everything that needs an array the last event that reads it (at least the one that makes it)."""
    made = {index: number for number, event in enumerate(events) for index in event.operations}
    ends: dict[int, int] = {}
    for number, event in enumerate(events):
        for index in event.operations:
            for operand in code.operations[index].operands:
                if made.get(operand, -1) != number and (operand not in code.literals or event.called):
                    ends[operand] = number
            if event.called:
                ends.setdefault(index, number)
    for output in outputs:
        if output not in code.literals:
            ends.setdefault(output, made.get(output, -1))
    return ends


def _arrays(
    code: Code, events: Sequence[Event], inputs: Sequence[int], ends: dict[int, int]
) -> tuple[dict[int, int], int]:
    """The number of the array of each operation that needs one, and how many there are."""
    names: dict[int, int] = {}
    free: list[int] = []
    count = 0
    expiring: dict[int, list[int]] = {}

    def give(index: int) -> None:
        nonlocal count
        if free:
            names[index] = free.pop()
        else:
            names[index], count = count, count + 1
        expiring.setdefault(ends[index], []).append(index)

    for index in sorted({*inputs, *code.literals} & ends.keys()):
        give(index)
    for number, event in enumerate(events):
        for index in event.operations:
            if index in ends:
                give(index)
        free += [names[index] for index in expiring.pop(number, ())]
    return names, max(count, 1)


def _body(
    code: Code, events: Sequence[Event], inputs: Sequence[int], outputs: Sequence[int], names: dict[int, int]
) -> list[str]:
    """The statements that work on one block."""
    lines = []
    places: dict[int, list[int]] = {}
    for place, output in enumerate(outputs):
        places.setdefault(output, []).append(place)

    def stores(index: int, array: str) -> list[str]:
        return [f"store({array}, count, out[{place}] + at * out_step[{place}], out_step[{place}]);"
                for place in places.get(index, ())]  # fmt: skip

    for place, index in enumerate(inputs):
        if index in names:
            lines.append(f"load(in[{place}] + at * in_step[{place}], in_step[{place}], count, a[{names[index]}]);")
            lines += stores(index, f"a[{names[index]}]")
    for index, text in code.literals.items():
        if index in names:
            lines.append(f"for (int i = 0; i < ROWS; i++) a[{names[index]}][i] = {text};")
        for place in places.get(index, ()):
            lines.append(f"{{ const double number = {text}; for (int i = 0; i < count; i++) "
                         f"__builtin_memcpy(out[{place}] + (at + i) * out_step[{place}], &number, 8); }}")  # fmt: skip
    for number, event in enumerate(events):
        lines.append(_call(code, event, names) if event.called else f"loop_{number}(a);")
        for index in event.operations:
            if index in names:
                lines += stores(index, f"a[{names[index]}]")
    return lines


def _call(code: Code, event: Event, names: dict[int, int]) -> str:
    results = sorted(event.operations, key=lambda index: code.operations[index].slot or 0)
    arguments = [*code.operations[results[0]].operands, *results]
    return f"block_{event.called}({', '.join(f'a[{names[index]}]' for index in arguments)});"


def _loop(code: Code, number: int, event: Event, names: dict[int, int]) -> str:
    """A loop, in a function of its own: the time of a compiler grows faster than the length of a function."""
    here: set[int] = set()
    statements = []
    for index in event.operations:
        operation = code.operations[index]
        texts = []
        for operand in operation.operands:
            literal = code.literals.get(operand)
            texts.append(literal or (f"v{operand}" if operand in here else f"a[{names[operand]}][i]"))
        statements.append(f"double v{index} = {operation.text.format(*texts)};")
        here.add(index)
        if index in names:
            statements.append(f"a[{names[index]}][i] = v{index};")
    start = f"NOINLINE void loop_{number}(double (*restrict a)[WIDTH]) {{"
    return "\n".join([start, "  a = __builtin_assume_aligned(a, 64);", "  for (int i = 0; i < ROWS; i++) {",
                      *(f"    {s}" for s in statements), "  }", "}"])  # fmt: skip
