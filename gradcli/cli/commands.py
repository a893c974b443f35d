"""The commands: from a request to lines on standard output, and what has to be said beside it on standard error."""

from __future__ import annotations

import sys

from gradcli.cli.options import MANY
from gradcli.cli.quick import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.cli.quick import Request
    from gradcli.errors import GradError
    from gradcli.insight.notes import Note
    from gradcli.questions import Options

    Asked = tuple[str, dict[str, float], Options]

WRONG_INPUT = 2
MOST_LINES_OF_JSON = 20_000  # that `explain` prints unasked, which takes it under a second
KEPT_QUIET = ("recognised", "flow", "adjoint")  # notes that are no warning: they are in JSON and in `explain`


def answer(request: Request) -> int:
    """Do what was asked for and say the exit code; bad input becomes an error on standard error."""
    try:
        if "output" in request.given and request.command not in MANY:
            from gradcli.cli.written import to_file

            return to_file(request, ANSWERS[request.command])
        return ANSWERS[request.command](request)
    except _bad_input() as error:
        return refuse(error, as_json=request.json)
    except MemoryError:  # what --max-memory allowed was more than there is
        from gradcli.errors import GradError

        hint = "use smaller arrays, or a smaller --max-memory"
        return refuse(GradError("limit", "the machine has too little memory", hint=hint), as_json=request.json)


def _bad_input() -> type[GradError]:
    from gradcli.errors import GradError  # only where something was raised

    return GradError


def refuse(error: GradError, *, as_json: bool) -> int:
    """Print an error, as text or as JSON's object, and say the exit code: that of bad input, or the error's own."""
    from gradcli.cli.terminal import complain, error_text

    complain(error_text(error, as_json=as_json))
    code: int = getattr(error, "code", WRONG_INPUT)
    return code


def evaluate(request: Request) -> int:
    """The value, and nothing else."""
    from gradcli.questions import evaluated

    found = evaluated(*asked(request))
    if request.json:
        return show_json(found.as_object())
    from gradcli.render.plain import number

    sys.stdout.write(number(found.value, request["digits"]) + "\n")
    return remark(found.notes)


def differentiate(request: Request) -> int:
    """The value and the gradients, a name a line."""
    from gradcli.questions import differentiated

    given = asked(request)
    try:
        found = differentiated(*given)
    except _bad_input() as error:
        if given[1] or error.kind != "name" or not error.message.startswith("no value for "):
            raise
        from gradcli.cli.derivatives import without_values

        return without_values(given, error, as_json=request.json)
    if request.json:
        return show_json(found.as_object())
    from gradcli.render.plain import gradient_lines, name_of_result

    assert found.gradients is not None
    label = name_of_result(found.question.graph, found.question.result)
    for line in gradient_lines(label, found.value, found.gradients, digits=request["digits"], unicode=in_unicode()):
        sys.stdout.write(line + "\n")
    return remark(found.notes)


def explain(request: Request) -> int:
    """Everything on the way, drawn."""
    if request["upstream"] and not request["element"]:
        from gradcli.cli.refusals import only_with

        raise only_with("upstream", "element", "gradcli vjp takes it without")
    if request["element"] or request["shapes"]:
        if request.format not in ("text", "json"):
            from gradcli.cli.refusals import no_document

            raise no_document(request.format, "element" if request["element"] else "shapes")
        from gradcli.cli.lessons import teach

        return teach(request)
    if request.format == "html":
        from gradcli.cli.pictures import page

        return page(request)
    from gradcli.questions import explained

    most = MOST_LINES_OF_JSON if request.json and not request["full"] else None
    found = explained(*asked(request), places=request.json, most_lines=most)
    if request.json:
        return show_json(found.as_object())
    if request.format != "text":
        return show_document(found, request)
    from gradcli.cli.screen import Screen
    from gradcli.render.explanation import draw

    screen = Screen()
    digits = request["digits"] or 6
    return screen.show(
        draw(
            found, view=request["view"], width=screen.width, unicode=screen.unicode, digits=digits, full=request["full"]
        )
    )


def compare(request: Request) -> int:
    """The program in several ways, side by side."""
    from gradcli.cli import comparisons

    return comparisons.answer(request)


def functions(request: Request) -> int:
    """Every function, or one of them in full."""
    from gradcli.questions.catalogue import catalogue, described

    if len(request.words) > 1:
        from gradcli.cli.refusals import one_name

        raise one_name(request.words)
    found = described(request.words[0]) if request.words else catalogue()
    if request.json:
        return show_json(found.as_object())
    from gradcli.cli.screen import Screen
    from gradcli.render.functions import draw

    screen = Screen()
    return screen.show(draw(found, width=screen.width, unicode=screen.unicode))


def schema(request: Request) -> int:
    """The JSON Schema of every answer."""
    from importlib.resources import files

    sys.stdout.write((files("gradcli") / "schema.json").read_text("utf-8"))
    return 0


def about_jacobians(request: Request) -> int:
    """The commands vjp, jvp and jacobian."""
    from gradcli.cli import array_commands

    return array_commands.answer(request)


def about_second_derivatives(request: Request) -> int:
    """The commands hessian and hvp."""
    from gradcli.cli import second_order

    return second_order.answer(request)


def about_formulas(request: Request) -> int:
    """The command diff."""
    from gradcli.cli import derivatives

    return derivatives.answer(request)


def code(request: Request) -> int:
    """The program and its backward pass as code."""
    from gradcli.questions.code import coded

    found = coded(
        *asked(request), style=request["style"], target=request.target, optimised=bool(request["optimised"])
    )
    if request.json:
        return show_json(found.as_object())
    sys.stdout.write(found.text)
    return remark(found.notes)


def graph(request: Request) -> int:
    """The program as a circuit."""
    from gradcli.cli.pictures import draw

    return draw(request)


def many(request: Request) -> int:
    """The command batch."""
    from gradcli.cli import batch

    return batch.answer(request)


def rows(request: Request) -> int:
    """The command map."""
    from gradcli.cli import map as row_by_row

    return row_by_row.answer(request)


ANSWERS = {
    "eval": evaluate, "grad": differentiate, "explain": explain, "compare": compare, "vjp": about_jacobians,
    "jvp": about_jacobians, "jacobian": about_jacobians, "hessian": about_second_derivatives,
    "hvp": about_second_derivatives, "diff": about_formulas, "functions": functions, "schema": schema,
    "batch": many, "map": rows, "code": code, "graph": graph,
}  # fmt: skip


def asked(request: Request) -> Asked:
    """The program, the values that were given, and how it is to be answered."""
    from gradcli.questions import Options

    options = Options(
        wrt=request["wrt"],
        decomposition=request["decomposition"],
        mode=request["mode"],
        ties=request["ties"],
        zero=request["zero"],
        example=request["example"],
        max_memory=request["max-memory"],
    )
    words = request.words
    if not words or words[0] == "-" or request["file"] or request["at"]:
        from gradcli.cli.files import program_and_point

        found = program_and_point(words, request["file"], request["at"], options.max_memory, request.command)
        return (*found, options)
    return words[0], settings(words[1:], words[0], options.max_memory), options


def show_json(found: dict[str, object]) -> int:
    """One line of JSON; where the stream cannot say a letter, its escape."""
    from gradcli.text import json_text

    text = json_text(found)
    if not text.isascii():
        from gradcli.cli.terminal import sayable

        text = sayable(text, sys.stdout)
    sys.stdout.write(text + "\n")
    return 0


def show_document(found: Any, request: Request) -> int:
    """A part of a document, in Markdown or LaTeX."""
    from gradcli.render.documents import document

    sys.stdout.write(
        document(found, request.format, digits=request["digits"] or 6, full=bool(request.given.get("full")))
    )
    return 0


def in_unicode() -> bool:
    """Whether standard output can say more than ASCII."""
    from gradcli.cli.terminal import says_unicode

    return says_unicode(sys.stdout)


def remark(notes: Sequence[Note]) -> int:
    """The notes that warn, on standard error."""
    loud = [note.message for note in notes if note.kind not in KEPT_QUIET]
    if loud:
        from gradcli.cli.terminal import complain, note_text

        complain(note_text(loud))
    return 0
