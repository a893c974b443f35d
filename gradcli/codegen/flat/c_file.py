"""A C file of flat code: what it says at its head, helper functions, the function, a main that prints the numbers."""

from __future__ import annotations

from math import prod
from textwrap import wrap

from gradcli.codegen.flat.c_loops import LoopStatements, OptimisedLoops
from gradcli.codegen.flat.module import (
    BACKWARD,
    FORWARD,
    FUNCTION,
    called_result,
    described,
    renamed,
    settled,
    wrapped,
)
from gradcli.codegen.flat.unrolled import UnrolledStatements, folded
from gradcli.codegen.layout import STEP, WIDTH
from gradcli.codegen.targets.base import Unwritten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.codegen.flat.statement import Statement
    from gradcli.codegen.flat.statements import Statements
    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target
    from gradcli.graph import Shape

RUN = "Build it and see the numbers: cc -std=c99 FILE.c -lm -o FILE && ./FILE"
MOST_UNROLLED = 60  # elements of all lines
GLUE = "\0"  # a blank at which no line is broken


def c_file(subject: Subject, target: Target, *, optimised: bool = False) -> str:
    """The text of a C99 file with `value_and_gradients`, and where there is a point a main that prints its numbers."""
    written = _settled(subject, target, optimised=optimised)
    code = function(written)
    includes = ["#include <math.h>", *["#include <stdio.h>"] * subject.prints]
    blocks = ["\n".join([*head(subject, written), *includes]), *target.preamble(), "\n".join(code)]
    if subject.prints:
        blocks.append("\n".join(main(subject, written)))
    return "\n\n".join(blocks) + "\n"


def _settled(subject: Subject, target: Target, *, optimised: bool) -> Statements:
    """The statements: of arrays loops, or single numbers where there are few or loops cannot say it."""
    shapes = subject.graph.shapes
    if shapes is not None and sum(map(prod, shapes)) > MOST_UNROLLED:
        try:
            return settled(subject, target, optimised=optimised, loops=(LoopStatements, OptimisedLoops))
        except Unwritten:
            pass
    return settled(subject, target, optimised=optimised)


def head(subject: Subject, written: Statements) -> list[str]:
    """What the file is, as a comment."""
    rows = [row for text in subject.said for row in wrapped(text)]
    others = renamed(written)
    rows += ["", described(written), *[RUN] * subject.prints]
    rows += ["", *others] if others else []
    return ["/*", *(f" * {row}".rstrip() for row in rows), " */"]


def function(written: Statements) -> list[str]:
    """The definition of `value_and_gradients`."""
    parameters = [declared_as(written, name, safe) for name, safe in written.parameters]
    parameters.append(f"double{GLUE}*gradients")
    names = ", ".join(written.names.given.get(name, name) for name, _ in written.gradients) or "nothing"
    rows = [f"// {row}" for row in wrap(f"The value; into gradients go those by {names}.", WIDTH - 3)]
    rows += [*filled(f"double {FUNCTION}({', '.join(parameters)})", ""), "{"]
    rows += [STEP + FORWARD.replace("#", "//")] if written.forward and written.backward else []
    declared: set[str] = set()
    if isinstance(written, LoopStatements):
        return [*rows, *of_loops(written, declared)]
    rows += [row for each in written.forward for row in assigned(each, declared)]
    rows += [STEP + BACKWARD.replace("#", "//")] if written.backward else []
    rows += [row for each in written.backward for row in assigned(each, declared)]
    for place, (_, text) in enumerate(named(written)):
        rows += filled(f"gradients[{place}] = {text};", STEP)
    return [*rows, *(f"{STEP}(void){name};" for name in unused(written)), f"{STEP}return {written.result[0]};", "}"]


def of_loops(written: LoopStatements, declared: set[str]) -> list[str]:
    """What the function does over arrays."""
    rows: list[str] = []
    for each in written.forward:
        rows += written.rows_of(each, declared)
    rows += [BACKWARD.replace("#", "//")] if written.backward else []
    for each in written.backward:
        rows += written.rows_of(each, declared)
    rows += written.gradient_rows()
    found = [line for row in rows for line in filled(row.lstrip(" "), STEP + " " * (len(row) - len(row.lstrip(" "))))]
    found += [f"{STEP}(void){name};" for name in unused(written)]
    return [*found, f"{STEP}return {written.result[0]};", "}"]


def assigned(each: Statement, declared: set[str]) -> Sequence[str]:
    """A statement, declared where it is the first of its name; its comment behind it, or above."""
    kind = "" if each.more or each.name in declared else "double "
    declared.add(each.name)
    rows = filled(f"{kind}{each.name} {'+=' if each.more else '='} {each.text[0]};", STEP)
    if not each.comment:
        return rows
    if len(rows) == 1 and len(rows[0]) + len(each.comment) + 5 <= WIDTH:
        return [f"{rows[0]}  // {each.comment}"]
    return [f"{STEP}// {each.comment}", *rows]


def unused(written: Statements) -> list[str]:
    """What is computed and goes no further, which a compiler would warn of."""
    read: set[str] = set()
    for each in (*written.forward, *written.backward):
        read.update(word for word in written.target.words_in(each.text[0]) if word != each.name)
    read.update([written.result[0], *(text for _, (text, _) in written.gradients)])
    if isinstance(written, UnrolledStatements):
        read.update(text for _, text in named(written))
    assigned_names = dict.fromkeys(each.name for each in (*written.forward, *written.backward))
    every = [*(safe for _, safe in written.parameters), *assigned_names, *["gradients"] * (not written.gradients)]
    return [name for name in every if name not in read or name == "gradients"]


def named(written: Statements) -> list[tuple[str, str]]:
    """The gradients: what they are by, in the code's names, and their source; element by element in order."""
    found = []
    for name, (text, _) in written.gradients:
        safe = written.names.given.get(name, name)
        if isinstance(written, UnrolledStatements):
            for place, each in written.elements(name):
                found.append((safe + "".join(f"[{k}]" for k in place), each))
        else:
            found.append((safe, text))
    return found


def declared_as(written: Statements, name: str, safe: str) -> str:
    """A parameter: a double, or an array of them."""
    shape = written.shape_of(name) if isinstance(written, UnrolledStatements | LoopStatements) else ()
    return f"{f'const{GLUE}' if shape else ''}double{GLUE}{safe}{''.join(f'[{length}]' for length in shape)}"


def main(subject: Subject, written: Statements) -> list[str]:
    """The main that prints the numbers at the point."""
    assert subject.point is not None
    label = called_result(subject, written)
    count = sum(prod(value_shape(written, name)) for name, _ in written.gradients)
    rows, given = ["int main(void)", "{"], []
    for number, (name, _) in enumerate(written.parameters):
        value = subject.point[name]
        if type(value) is float:
            given.append(written.target.literal(value)[0])
            continue
        given.append(f"x{number}")
        texts = [written.target.literal(each)[0] for each in value.ravel().tolist()]
        listed = folded(texts, value.shape).replace("[", "{").replace("]", "}")
        rows += filled(f"{declared_as(written, name, given[-1]).replace(GLUE, ' ')} = {listed};", STEP)
    rows.append(f"{STEP}double gradients[{max(count, 1)}];")
    rows += filled(f"double value = {FUNCTION}({', '.join([*given, 'gradients'])});", STEP)
    rows.append(f'{STEP}printf("{label} = %.17g\\n", value);')
    if isinstance(written, LoopStatements):
        return [*rows, *printed_arrays(written, label), f"{STEP}return 0;", "}"]
    if by := named(written):
        listed = ", ".join(f'"{name}"' for name, _ in by)
        rows += filled(f"const char *names[] = {{{listed}}};", STEP)
        rows.append(f"{STEP}for (int i = 0; i < {len(by)}; i++)")
        rows.append(f'{STEP * 2}printf("d{label}/d%s = %.17g\\n", names[i], gradients[i]);')
    return [*rows, f"{STEP}return 0;", "}"]


def value_shape(written: Statements, name: str) -> Shape:
    """The shape of a gradient."""
    return written.shape_of(name) if isinstance(written, UnrolledStatements | LoopStatements) else ()


def printed_arrays(written: LoopStatements, label: str) -> list[str]:
    """What prints the gradients, each with the places of its elements."""
    rows, start = [], 0
    for name, _ in written.gradients:
        shape, safe = written.shape_of(name), written.names.given.get(name, name)
        if not shape:
            rows.append(f'{STEP}printf("d{label}/d{safe} = %.17g\\n", gradients[{start}]);')
        else:
            behind = [prod(shape[k + 1 :]) for k in range(len(shape))]
            places = ["i" + f" / {many}" * (many > 1) for many in behind]
            places = [place if k == 0 else f"{place} % {shape[k]}" for k, place in enumerate(places)]
            text = f'printf("d{label}/d{safe}{"[%d]" * len(shape)} = %.17g\\n", {", ".join(places)},'
            rows.append(f"{STEP}for (int i = 0; i < {prod(shape)}; i++)")
            rows += filled(f"{text} gradients[{f'{start} + ' if start else ''}i]);", STEP * 2)
        start += prod(shape)
    return rows


def filled(source: str, indent: str) -> list[str]:
    """SOURCE in lines broken at blanks, which mean nothing to C."""
    if len(indent) + len(source) <= WIDTH:
        return [(indent + source).replace(GLUE, " ")]
    rows = wrap(
        source, WIDTH, initial_indent=indent, subsequent_indent=indent + STEP, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return [row.replace(GLUE, " ") for row in rows]
