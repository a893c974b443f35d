"""A Python module of flat code: what it says at its head, helper functions, the function, numbers at the end."""

from __future__ import annotations

from textwrap import wrap

from gradcli.codegen.flat.optimised import OptimisedStatements, TidyLines
from gradcli.codegen.flat.statements import Statements
from gradcli.codegen.flat.sweep import BackwardLines
from gradcli.codegen.flat.unrolled import UnrolledLines, UnrolledStatements, folded
from gradcli.codegen.layout import STEP, WIDTH, called, harmless, listed, statement
from gradcli.codegen.targets.base import PRODUCT, SUM, within
from gradcli.graph import ATOM_LEVEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.codegen.flat.statement import Statement
    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target

FUNCTION = "value_and_gradients"
FORWARD = "# forward: values"
BACKWARD = "# backward: downstream = upstream * local, from the last line up"
LONGEST_INSIDE = 30  # letters of an array in the return
LONGEST_SAID = 48  # letters of a name that is not used
RUNS = " Run as a program, it prints the numbers."


def module(subject: Subject, target: Target, *, optimised: bool = False) -> str:
    """The text of a module with `value_and_gradients`, and where there is a point its numbers."""
    written = settled(subject, target, optimised=optimised)
    head = docstring(subject, written)
    blocks = ["\n".join(function(written)), *main(subject, written)]
    preamble = target.preamble()
    if preamble and preamble[0].startswith(("import ", "from ")):
        head += ["", preamble.pop(0)]
    return "\n\n\n".join(["\n".join(head), *preamble, *blocks]) + "\n"


def settled(
    subject: Subject, target: Target, *, optimised: bool = False, loops: tuple[type, type] | None = None
) -> Statements:
    """The statements of a subject; none of its names is one of the helpers that they turn out to need.

    LOOPS are the statements over arrays of a target that has none, plain and optimised.
    """
    lines: Any
    kind: Any = Statements
    if subject.graph.shapes is not None and target.array is None and loops is None:
        lines, kind = UnrolledLines(subject, optimised=optimised), UnrolledStatements
    elif optimised:
        lines, kind = TidyLines(subject), OptimisedStatements if loops is None else loops[1]
    else:
        lines, kind = BackwardLines(subject), Statements if loops is None else loops[0]
    reserved = target.words
    while True:
        target.needs.clear()
        target.seen.clear()
        written: Statements = kind(subject, lines, target, reserved)
        if not target.needs & written.names.taken:
            return written
        reserved = reserved | target.needs


def docstring(subject: Subject, written: Statements) -> list[str]:
    """What the module is: the program, where its numbers are, and names that are not the user's own."""
    said = [row for text in subject.said for row in wrapped(text)]
    rows = ['"""' + (said[0] if said else "Value and gradients."), *said[1:], ""]
    rows += wrap(described(written) + (RUNS if subject.prints else ""), WIDTH)
    others = renamed(written)
    rows += ["", *others] if others else []
    return [*rows, '"""']


def renamed(written: Statements) -> list[str]:
    """Which names are not the user's own, and whose place they are in."""
    found = [
        f"{safe} stands for {harmless(name if len(name) <= LONGEST_SAID else name[:LONGEST_SAID] + '…')}"
        for name, safe in written.names.renamed.items()
    ]
    return wrap("; ".join(found) + ".", WIDTH - 4) if found else []


def described(written: Statements) -> str:
    """What the function is, in a sentence."""
    lines = written.lines
    if isinstance(lines, UnrolledLines):
        return "Value and gradients, element by element."
    if not isinstance(lines, TidyLines):
        return "Forward and backward pass, line by line."
    instead = f", {lines.before} before" if lines.before != lines.after else ""
    return f"The tidied adjoint graph: value and gradients in {operations(lines.after)}{instead}."


def operations(many: int) -> str:
    """How many operations there are, in words."""
    return f"{many} operation{'' if many == 1 else 's'}"


def wrapped(text: str) -> list[str]:
    """TEXT in rows, broken at blanks; what no comment or string may hold is a question mark."""
    rows = wrap(harmless(text), WIDTH - 4, subsequent_indent=STEP, break_on_hyphens=False)
    return rows or [""]


def function(written: Statements) -> list[str]:
    """The definition of `value_and_gradients`."""
    rows = called(f"def {FUNCTION}", [name for _, name in written.parameters], ":")
    rows += [STEP + FORWARD] if written.forward and written.backward else []
    rows += [row for each in written.forward for row in assigned(each)]
    rows += [STEP + BACKWARD] if written.backward else []
    rows += [row for each in written.backward for row in assigned(each, "=" if written.target.array else "+=")]
    return [*rows, *returned(written)]


def returned(written: Statements) -> list[str]:
    """The return of value and gradients; arrays of single numbers are put together before."""
    texts = [text for _, (text, _) in written.gradients]
    rows: list[str] = []
    if isinstance(written, UnrolledStatements):
        for place, (name, (text, level)) in enumerate(written.gradients):
            if level == ATOM_LEVEL and text[0] == "[" and len(text) > LONGEST_INSIDE:
                texts[place] = written.names.another(f"grad_{written.names.given.get(name, 'x')}")
                rows += statement(f"{texts[place]} = ", (text, level), STEP)
    return [*rows, *listed(f"return {written.result[0]}, ", texts, STEP)]


def assigned(each: Statement, sign: str = "+=") -> Sequence[str]:
    """A statement, its comment behind it, or above where the line is full.

    With `=` for a SIGN what is added makes a new array: another may be called by the same name.
    """
    head, text = f"{each.name} {sign if each.more else '='} ", each.text
    if each.more and sign == "=":
        text = (f"{each.name} + {within(text, PRODUCT)}", SUM)
    if each.comment:
        rows = statement(head, text, STEP)
        if len(rows) == 1 and len(rows[0]) + len(each.comment) + 4 <= WIDTH:
            return [f"{rows[0]}  # {each.comment}"]
        return [f"{STEP}# {each.comment}", *rows]
    return statement(head, text, STEP)


def spelled(target: Target, value: Any) -> str:
    """A value of the point as source: nested lists where the target has no arrays."""
    given = getattr(target, "given", None)
    if given is not None:
        return str(given(value))
    if type(value) is float:
        return target.literal(value)[0]
    texts = [target.literal(number)[0] for number in value.ravel().tolist()]
    return folded(texts, value.shape)


def printed(target: Target, name: str) -> str:
    """A value in an f-string, as plain numbers."""
    plain = getattr(target, "plain", None)
    if plain is None:
        return f"{name}!r"
    target.use(plain(name))
    return str(plain(name))


def called_result(subject: Subject, written: Statements) -> str:
    """What the result is called where it is printed."""
    label = subject.labels[subject.result]
    return written.names.given.get(label, label)


def main(subject: Subject, written: Statements) -> Iterable[str]:
    """What the module does as a program."""
    if subject.point is None or not subject.prints:
        return
    point, target = subject.point, written.target
    given = [f"{safe}={spelled(target, point[name])}" for name, safe in written.parameters]
    rows = ['if __name__ == "__main__":', *called(f"value, gradients = {FUNCTION}", given, "", STEP)]
    label = called_result(subject, written)
    rows.append(f'{STEP}print(f"{label} = {{{printed(target, "value")}}}")')
    names = [f'"{written.names.given.get(name, name)}"' for name, _ in written.gradients]
    if names:
        rows += listed("names = ", names, STEP)
        rows.append(f"{STEP}for name, gradient in zip(names, gradients):")
        rows.append(f'{STEP * 2}print(f"d{label}/d{{name}} = {{{printed(target, "gradient")}}}")')
    yield "\n".join(rows)
