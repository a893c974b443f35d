"""The command diff, and `grad` where no name has a value: derivatives as formulas."""

from __future__ import annotations

import sys

from gradcli.cli.commands import asked, in_unicode, remark, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.commands import Asked
    from gradcli.cli.quick import Request
    from gradcli.errors import GradError
    from gradcli.report.formulas import Formulas


def answer(request: Request) -> int:
    """The derivatives as formulas."""
    from gradcli.questions.formulas import formulas

    found = formulas(
        *asked(request), order=request["order"], mixed=bool(request["mixed"]), simplify=bool(request["simplify"])
    )
    if request.json:
        return show_json(found.as_object())
    return _show(found, request.format)


def without_values(asked: Asked, error: GradError, *, as_json: bool) -> int:
    """The gradients as formulas, each with its label. Raises ERROR where the program gives a value itself."""
    from gradcli.questions.formulas import formulas

    options = asked[2]
    if options.wrt is not None:
        options.wrt = [*dict.fromkeys(options.wrt)]
    found = formulas(*asked)
    if found.question.at:
        raise error
    if as_json:
        return show_json(found.as_object())
    return _show(found, "text", bare=False)


def _show(found: Formulas, format: str, *, bare: bool = True) -> int:
    from gradcli.render.formulas import formula_lines, latex_lines, markdown_lines, values_note

    if format == "latex":
        lines = latex_lines(found)
    elif format == "markdown":
        lines = markdown_lines(found)
    else:
        lines = formula_lines(found, unicode=in_unicode(), bare=bare)
    for line in lines:
        sys.stdout.write(line + "\n")
    code = remark(found.notes)
    said = values_note(found, unicode=in_unicode())
    if said and format == "text":
        from gradcli.cli.terminal import complain, note_text

        complain(note_text([said]))
    return code
