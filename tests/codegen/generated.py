"""Programs for code: random ones that are the same in every run, and what their code prints where it is run."""

import contextlib
import io
import random

from scalar_programs import BINARY, NAMES, STEPS, TERNARY, UNARY

LEAVES = [*NAMES, "2", "0.5", "0", "1", "(-1)"]


def expression(source, names, size):
    """A random expression with about SIZE operations, made without recursion."""
    parts = [source.choice([*names, *LEAVES[3:]]) for _ in range(4)]
    for _ in range(size):
        shapes = source.choice([UNARY, UNARY, BINARY, BINARY, TERNARY])
        shape = source.choice(shapes)
        taken = [source.choice(parts) for _ in range(shape.count("{}"))]
        parts = [*parts[-4:], shape.format(*taken)]
    return parts[-1]


def scalar_programs(count, seed=6):
    """COUNT programs of scalars with a point each: half of them at ordinary numbers, half at any."""
    source = random.Random(seed)
    for number in range(count):
        if number % 3:
            text = expression(source, NAMES, source.randint(1, 5))
        else:
            a, b = expression(source, NAMES, 2), expression(source, ["a", *NAMES], 2)
            text = f"a = {a}; b = {b}; {expression(source, ['a', 'b', 'x'], 3)}"
        if number % 2:
            at = {name: source.randint(-300, 300) / 100 + step for name, step in zip(NAMES, STEPS, strict=True)}
        else:
            special = [0.0, 1.0, -1.0, 0.5, 2.0, -0.0, 800.0, -800.0]
            at = {name: source.choice([*special, source.uniform(-3, 3)]) for name in NAMES}
        yield text, at


def run(code, name="__main__"):
    """What a module of generated code prints, and its names."""
    space = {"__name__": name}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "<generated>", "exec"), space)
    return out.getvalue(), space


def printed(text):
    """The numbers of the lines `name = number`."""
    return [float(line.partition(" = ")[2]) for line in text.splitlines()]


def one_file(codes, helpers):
    """Several C files as one, whose main runs theirs one after the other, a line `--` behind each."""
    rows = ["#include <math.h>", "#include <stdio.h>"]
    for number, code in enumerate(codes):
        names = ["value_and_gradients", "main", *(name for name in helpers if name in code)]
        rows += [f"#define {name} {name}_{number}" for name in names]
        rows += [code]
        rows += [f"#undef {name}" for name in names]
    calls = [f'    main_{number}();\n    printf("--\\n");' for number in range(len(codes))]
    return "\n".join([*rows, "int main(void)", "{", *calls, "    return 0;", "}", ""])
