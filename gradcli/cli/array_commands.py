"""The commands about Jacobians: products with one vector, and the matrix itself."""

from __future__ import annotations

import sys

from gradcli.cli.commands import asked, in_unicode, remark, show_document, show_json
from gradcli.errors import GradError
from gradcli.questions.jacobians import Along, Product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gradcli.cli.quick import Request

PREFIX = "0 at "  # what makes a program of the text of --along
ALONG_HINT = "write names and how they move, as in --along 'x=1,W=ones(2, 3)'"


def vjp(request: Request) -> int:
    """upstream @ J by every name, a name a line."""
    from gradcli.questions.jacobians import pulled

    upstream = upstream_of(request["upstream"], _memory(request))
    return _show(pulled(*asked(request), upstream), request)


def jvp(request: Request) -> int:
    """How the result moves along a direction."""
    from gradcli.questions.jacobians import pushed

    if request["along"] is None:
        raise no_direction(request)
    along = along_of(request["along"], _memory(request))
    return _show(pushed(*asked(request), along), request)


def no_direction(request: Request) -> GradError:
    """There is no --along, and maybe no expression either."""
    if not (request.words or request["file"]):
        from gradcli.cli.refusals import no_expression

        return no_expression(request.command)
    return GradError("usage", "no direction given", hint="add --along: " + ALONG_HINT)


def _show(found: Product, request: Request) -> int:
    if request.json:
        return show_json(found.as_object())
    from gradcli.render.products import product_lines

    for line in product_lines(found, digits=request["digits"], unicode=in_unicode()):
        sys.stdout.write(line + "\n")
    return remark(found.notes)


def jacobian(request: Request) -> int:
    """The matrix, its pattern, and what takes its place."""
    from gradcli.questions.jacobians import dense

    upstream = upstream_of(request["upstream"], _memory(request))
    source, given, options = asked(request)
    if "mode" not in request.given:
        options.mode = "auto"
    found = dense(source, given, options, upstream, full=request["full"])
    if request.json:
        return show_json(found.as_object())
    if request.format != "text":
        return show_document(found, request)
    from gradcli.cli.screen import Screen
    from gradcli.render.jacobian import draw

    screen = Screen()
    digits = request["digits"] or 6
    return screen.show(draw(found, width=screen.width, unicode=screen.unicode, digits=digits, full=request["full"]))


ANSWERS = {"vjp": vjp, "jvp": jvp, "jacobian": jacobian}


def answer(request: Request) -> int:
    """Do what one of these commands was asked for."""
    return ANSWERS[request.command](request)


def _memory(request: Request) -> int | None:
    memory: int | None = request["max-memory"]
    return memory


def upstream_of(text: str | None, memory: int | None = None) -> Any:
    """The number or array that --upstream stands for; None where it is not given."""
    if text is None:
        return None
    if text[:1] == "@":
        from gradcli.cli.files import value_in_file

        return value_in_file(f"upstream={text}", "upstream", text, memory)
    from gradcli.language.builder import value_of

    return value_of(text, what="the upstream gradient", memory=memory)


def along_of(text: str, memory: int | None = None) -> Along:
    """The direction that `x=[1,2],W=@dw.npy` describes. Raises GradError with the place in the TEXT."""
    from gradcli import language
    from gradcli.language.builder import build

    text = language.normalised(text)
    files = dict(_files(text))
    written = text
    for start, end in files.values():
        written = written[:start] + "0".ljust(end - start) + written[end:]
    try:
        values = dict(build(PREFIX + written, memory=memory).at)
    except GradError as error:
        raise _within(text, error) from None
    spans: list[tuple[int, int]] = []
    items = language.parse(PREFIX + written, spans)
    places = {
        argument: (span[0] - len(PREFIX), span[0] - len(PREFIX) + len(str(argument)))
        for (code, argument), span in zip(items, spans, strict=True)
        if code == language.SETTING
    }
    for name, (start, end) in files.items():
        from gradcli.cli.files import value_in_file

        values[name] = value_in_file(f"{name}={text[start:end]}", name, text[start:end].strip(), memory)
    return Along(values, text, places)  # type: ignore[arg-type]


def _files(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The names whose values are `@FILE`, with the place of that; a file ends at a comma before the next NAME=."""
    end = 0
    while True:
        at = text.find("@", end)
        if at < 0:
            return
        before = text[:at].rstrip()
        end = at + 1
        if not before.endswith("="):
            continue
        name = before[:-1].rpartition(",")[2].strip()
        end = len(text)
        for comma in (place for place in range(at, len(text)) if text[place] == ","):
            word, equals, _ = text[comma + 1 :].partition("=")
            if equals and word.strip().isidentifier():
                end = comma
                break
        yield name, (at, end)


def _within(text: str, error: GradError) -> GradError:
    """The error of a direction, with its place in the TEXT that was given."""
    shift = len(PREFIX)
    spans = [(low - shift, high - shift) for low, high in error.spans if low >= shift]
    belongs = None if error.belongs is None else (error.belongs[0] - shift, error.belongs[1] - shift)
    hint, message = error.hint, error.message
    if not spans or (hint and (" at x=3" in hint or "'at'" in message)):
        hint = ALONG_HINT
    if not spans and error.spans:
        message = "a direction is one list of NAME=VALUE"
    if hint and " at column " in hint and belongs is not None:
        hint = hint.replace(f" at column {belongs[0] + shift + 1} ", f" at column {belongs[0] + 1} ")
    return GradError(error.kind, message, hint=hint, source=text, spans=spans or [(0, len(text))], belongs=belongs,
                     labels=error.labels)  # fmt: skip
