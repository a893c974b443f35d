"""Lessons as lines: the derivation of one element, and what shapes say about products."""

from __future__ import annotations

from rich.text import Text

from gradcli.graph.arrays import shape_of
from gradcli.graph.shapes import shown as shape_text
from gradcli.render.array_blocks import beside, block, is_small, wide
from gradcli.render.array_cells import styled
from gradcli.render.style import (
    DIM,
    FINAL,
    GRADIENT,
    LABEL,
    LOCAL,
    NOTE,
    RESULT,
    VALUE,
    aligned,
    folded,
    hanging,
    in_ascii_text,
    safe,
)  # fmt: skip
from gradcli.report.lessons import is_noise, sum_digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.insight.notes import Note
    from gradcli.language.question import Question
    from gradcli.report.lessons import Derivation, ElementLesson, Term
    from gradcli.report.shape_lesson import Candidate, Lessons, ProductGradient, ShapeLesson

MOST_TERMS, FIRST_TERMS = 12, 4  # of a sum that is shown whole; of one that is not
MOST_USES, FIRST_USES = 6, 4  # derivations that are shown
MOST_CHECKED = 200  # terms whose digits are thought about
GAP = "   "
UNREACHED = r"·(?: not reached)?"
NOISE = "which is 0 but for rounding"


class Page:
    """Lines at most WIDTH cells wide, in ASCII where UNICODE is not to be had."""

    def __init__(self, *, width: int, unicode: bool) -> None:
        self.width = width
        self.unicode = unicode
        self.lines: list[Text] = []

    def put(self, *lines: Text) -> None:
        """Add lines as they are."""
        for line in lines:
            line.rstrip()
            self.lines.append(line if self.unicode else in_ascii_text(line))

    def say(self, text: str, style: str = "", indent: int = 0) -> None:
        """A text, broken to the width."""
        for piece in folded(text, self.width, indent):
            self.put(Text(piece, style=style))

    def head(self, name: str, title: str, question: Question) -> None:
        """`f = expression   auto   X:2x3 by --example`."""
        expression = safe(title)
        words = Text(expression, style=LABEL)
        words.append(f"{GAP}{question.options.decomposition}", style=DIM)
        if question.example is not None:
            words.append(f"{GAP}{question.example.text()}", style=DIM)
        self.put(*hanging(Text("" if expression == name else f"{name} = ", style=LABEL), words, self.width))

    def notes(self, notes: Sequence[Note]) -> None:
        """The notes below, each a sentence."""
        told = [note.message for note in notes if note.kind != "example"]
        if told:
            self.put(Text(""))
        for message in told:
            self.put(*hanging(Text("note  ", style=NOTE), Text(safe(message)), self.width))


class Steps:
    """Questions with their answers: `question  label = block`, the equals signs below each other.

    Where that is too wide a question stands alone, and its answer below it.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.rows: list[tuple[str, str, Callable[[int], list[str]], str]] = []

    def add(self, question: str, label: str, make: Callable[[int], list[str]], style: str) -> None:
        """A row; MAKE gives the lines of its answer for the room that there is."""
        self.rows.append((question, label, make, style))

    def draw(self) -> None:
        """Put all rows on the page."""
        asked = max((len(question) for question, label, _, _ in self.rows if label), default=0)
        named = max((len(label) for _, label, _, _ in self.rows), default=0)
        room = self.page.width - asked - named - 5
        together = room >= 28 and all(
            wide(make(room)) <= room for _, label, make, _ in self.rows if label
        )
        for question, label, make, style in self.rows:
            if not label:
                self._alone(question, make, style)
            elif together:
                head = f"{question.ljust(asked)}  {label.rjust(named)} = "
                self._put(head, len(question), make(room), style)
            else:
                self._below(question, label, make, style)

    def _alone(self, question: str, make: Callable[[int], list[str]], style: str) -> None:
        (text,) = make(self.page.width)
        if len(question) + 2 + len(text) <= self.page.width:
            self.page.put(Text.assemble((question, LABEL), "  ", (text, style)))
            return
        self.page.say(question, LABEL, 2)
        self.page.say(f"  {text}", style, 4)

    def _below(self, question: str, label: str, make: Callable[[int], list[str]], style: str) -> None:
        if question:
            self.page.put(Text(question, style=LABEL))
        head = f"  {label} = "
        room = self.page.width - len(head)
        lines = make(room)
        if wide(lines) <= room:
            self._put(head, 0, lines, style)
            return
        self.page.put(Text(head.rstrip()))
        for line in make(self.page.width - 4):
            self.page.put(styled([f"    {line}"], style))

    def _put(self, head: str, bold: int, lines: Sequence[str], style: str) -> None:
        for at, line in enumerate(lines):
            start = Text(head if at == 0 else " " * len(head))
            if at == 0:
                start.stylize(LABEL, 0, bold)
            words = styled([line], style)
            if style == LOCAL:
                words.highlight_regex(UNREACHED, DIM)
            self.page.put(start.append_text(words))


def draw_lessons(
    lessons: Lessons, *, width: int = 80, unicode: bool = True, digits: int = 6, full: bool = False
) -> list[Text]:
    """The lessons that there are, one below the other."""
    found: list[Text] = []
    if lessons.element is not None:
        found += draw_element(lessons.element, width=width, unicode=unicode, digits=digits, full=full)
    if lessons.shapes is not None:
        found += [Text("")] if found else []
        found += draw_shapes(lessons.shapes, width=width, unicode=unicode)
    return found


def draw_element(
    lesson: ElementLesson, *, width: int = 80, unicode: bool = True, digits: int = 6, full: bool = False
) -> list[Text]:
    """The derivation of one element; FULL shows large arrays whole."""
    page = Page(width=width, unicode=unicode)
    page.head(lesson.result, lesson.title(), lesson.question)
    page.put(Text(""))
    derivative = f"∂{lesson.of}/∂{lesson.element}"
    page.put(Text.assemble((f"{derivative}, step by step", LABEL)))
    for line in _of_what(lesson):
        page.say(line, DIM)
    if lesson.is_result:
        own = shown(lesson.total, digits)
        page.say(f"{lesson.element} is the result itself, so its derivative is what comes down: {own}")
    elif not lesson.derivations:
        page.say(f"no gradient flows from {lesson.result} to {lesson.name}, so every derivative by it is 0")
    several = len(lesson.derivations) > 1
    hidden = 0 if full or len(lesson.derivations) <= MOST_USES else len(lesson.derivations) - MOST_USES
    for place, derivation in enumerate(lesson.derivations):
        if FIRST_USES <= place < FIRST_USES + hidden:
            if place == FIRST_USES:
                page.put(Text(""))
                page.say(f"… {hidden:,} more uses (--full shows all)", DIM)
            continue
        page.put(Text(""))
        _derivation(lesson, derivation, place, page, digits, several=several, full=full)
    if several:
        page.put(Text(""))
        _together(lesson, derivative, page, digits, full=full)
    page.notes(lesson.notes)
    return page.lines


def _of_what(lesson: ElementLesson) -> list[str]:
    """What the gradient is of, where the result is no scalar."""
    shape = shape_of(lesson.values[lesson.question.result])
    if not shape:
        return []
    if lesson.seed is None:
        name = lesson.result
        return [
            f"{name} is {shape_text(shape)}: what comes down on it is taken as 1 everywhere, so this is "
            f"the gradient of sum({name})"
        ]
    return [f"{lesson.result} is {shape_text(shape)}: what comes down on it is U, as given by --upstream"]


def _derivation(
    lesson: ElementLesson, derivation: Derivation, place: int, page: Page, digits: int, *, several: bool, full: bool
) -> None:
    name, element, line, forms = lesson.name, lesson.element, derivation.line, derivation.forms
    terms, total = derivation.terms, derivation.total
    if len(terms) <= MOST_CHECKED:
        digits = sum_digits(terms, total, digits)
    heading = Text(derivation.equation, style=LABEL)
    if several:
        heading.append(f"{GAP}use {place + 1} of {len(lesson.derivations)}{_which(lesson, derivation)}", style=DIM)
    page.put(heading)
    _operands(lesson, derivation, page, digits)
    steps = Steps(page)
    reach = derivation.where if forms.sample == derivation.equation else f"{forms.sample}: {derivation.where}"
    steps.add(f"1 which elements of {line} does {element} reach?", "", lambda room: [reach], "")
    if terms:
        beside_it = [f"= {forms.factor}"] if forms.factor else []
        beside_it += ["· not reached"] if not derivation.mask.all() else []
        steps.add(
            "2 how strongly?", f"∂{line}/∂{element}",
            lambda room: _with(masked(derivation, digits, room, full=full), beside_it, room), LOCAL,
        )  # fmt: skip
        steps.add(
            "3 what comes down?", "upstream", lambda room: block(derivation.upstream, digits, full=full, room=room),
            GRADIENT,
        )  # fmt: skip
    else:
        steps.add("2 so nothing flows back", f"through {line}", lambda room: ["0"], GRADIENT)
        steps.draw()
        return
    part = f"through {line}" if several else f"∂{lesson.of}/∂{element}"
    style = GRADIENT if several else FINAL
    steps.add("4 multiply and add", part, lambda room: sum_lines(terms, total, digits, room), style)
    whole = f"through {line}" if several else f"∂{lesson.of}/∂{name}"
    question = "5 all elements alike"
    if forms.indices and lesson.place:
        letters = ",".join("ijklmn"[: len(lesson.place)])
        steps.add(question, f"{whole}, [{letters}]" if several else f"{whole}[{letters}]", _text(forms.indices), "")
        question = ""
    if lesson.place or forms.whole:
        gradient = derivation.flow.downstream
        steps.add(
            question if lesson.place else "5 as a formula", whole,
            lambda room: _formula(forms.whole, block(gradient, digits, full=full, room=None), room, gradient, digits),
            GRADIENT if several else FINAL,
        )  # fmt: skip
    if forms.local:
        steps.add("", "local", _text(forms.local), LOCAL)
    steps.draw()


def _which(lesson: ElementLesson, derivation: Derivation) -> str:
    """Which operand is meant where a line has the same one twice."""
    operands = lesson.graph.operands[derivation.flow.source]
    if operands.count(derivation.flow.target) < 2:
        return ""
    if len(operands) == 2:
        return f", {lesson.name} on the {('left', 'right')[derivation.flow.slot]}"
    return f", {lesson.name} as operand {derivation.flow.slot + 1}"


def _operands(lesson: ElementLesson, derivation: Derivation, page: Page, digits: int) -> None:
    """The operands of the line with their numbers, where they are small."""
    blocks: list[list[str]] = []
    seen = set()
    for operand in lesson.graph.operands[derivation.flow.source]:
        value = lesson.values[operand]
        name = lesson.labels.text(operand)[0]
        if name in seen or not is_small(value) or name.startswith("[") or not lesson.labels.names[operand]:
            continue
        seen.add(name)
        blocks.append(beside([[f"{GAP if blocks else '  '}{name} = "], block(value, digits)]))
    lines = beside(blocks)
    if blocks and wide(lines) <= page.width:
        page.put(*(styled([line], VALUE) for line in lines))
    else:
        for lines in blocks:
            page.put(*(styled([line], VALUE) for line in lines if wide(lines) <= page.width))


def _together(lesson: ElementLesson, derivative: str, page: Page, digits: int, *, full: bool) -> None:
    """The sum of all uses."""
    parts = [derivation.total for derivation in lesson.derivations]
    digits = added_digits(parts, lesson.total, digits)
    texts = [shown(part, digits) for part in parts]
    texts = [f"({text})" if at and text.startswith("-") else text for at, text in enumerate(texts)]
    if len(texts) > MOST_TERMS and not full:
        texts = [*texts[:FIRST_TERMS], f"… {len(texts) - FIRST_TERMS - 1:,} more …", texts[-1]]
    equation = f"{' + '.join(texts)} = {shown(lesson.total, digits)}"
    steps = Steps(page)
    more = [NOISE] if is_noise(lesson.total, parts) else []
    steps.add("add the uses", derivative, lambda room: [*folded(equation, room, 2), *more], FINAL)
    if lesson.place:
        steps.add(
            "", f"∂{lesson.of}/∂{lesson.name}", lambda room: block(lesson.gradient, digits, full=full, room=room), FINAL
        )
    steps.draw()


def added_digits(parts: Sequence[float], total: float, digits: int) -> int:
    """How many digits a plain sum needs to hold as it is printed."""
    from gradcli.report.lessons import MOST_DIGITS
    from gradcli.report.rounding import added, misses, rounded

    if is_noise(total, parts):
        return digits
    while digits < MOST_DIGITS and misses(total, added(rounded(part, digits) for part in parts), digits) > 1:
        digits += 1
    return digits


def _text(text: str) -> Callable[[int], list[str]]:
    return lambda room: folded(text, room, 2)


def _with(lines: list[str], remarks: Sequence[str], room: int) -> list[str]:
    """REMARKS behind the first lines, or where there is no room below the last."""
    if not remarks:
        return lines
    if len(lines) == 1:
        remarks = [GAP.join(remarks)]
    if wide(lines) + len(GAP) + wide(remarks) <= room:
        return beside([lines, [f"{GAP}{remark}" for remark in remarks]])
    return [*lines, *(piece for remark in remarks for piece in folded(remark, room, 2))]


def _formula(formula: str, lines: list[str], room: int, value: Any, digits: int) -> list[str]:
    """`upstream @ W.T = ` and the numbers beside it, or below it."""
    if not formula:
        return lines if wide(lines) <= room else block(value, digits, room=room)
    if len(lines) == 1 and not shape_of(value):
        return [f"{formula} = {lines[0]}"] if len(formula) + len(lines[0]) + 3 <= room else [formula, f"= {lines[0]}"]
    if len(formula) + 3 + wide(lines) <= room:
        return beside([[f"{formula} = "], lines])
    lines = lines if wide(lines) + 2 <= room else block(value, digits, room=max(room - 2, 8))
    return [*folded(formula, room, 2), *beside([["= "], lines])]


def masked(derivation: Derivation, digits: int, room: int, *, full: bool) -> list[str]:
    """The slice of the local Jacobian: `·` where nothing arrives by structure; of a large one what is not."""
    value, shape = derivation.slice, shape_of(derivation.slice)
    if not shape:
        return [shown(value, digits)]  # type: ignore[arg-type]
    if len(shape) <= 2 and (full or is_small(value)):
        flat: list[float] = value.ravel().tolist()  # type: ignore[union-attr]
        marks = derivation.mask.ravel().tolist()
        texts = [shown(number, digits) if mark else "·" for number, mark in zip(flat, marks, strict=True)]
        rows = [texts[start : start + shape[-1]] for start in range(0, len(texts), shape[-1])]
        columns = [aligned(column) for column in zip(*rows, strict=True)]
        lines = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
        if wide(lines) <= room:
            return lines
    numbers = [shown(term.local, digits) for term in derivation.terms]
    few = numbers if len(numbers) <= FIRST_TERMS + 2 else [*numbers[:FIRST_TERMS], "…", numbers[-1]]
    count = 1
    for length in shape:
        count *= length
    rest = count - len(numbers)
    return [*folded("  ".join(few), room, 0), f"and {rest:,} times ·" if rest else f"{count:,} in all"]


def sum_lines(terms: Sequence[Term], total: float, digits: int, room: int) -> list[str]:
    """`2*3 + 3*2 + (-3)*1 = 9`, broken at the signs between the products."""
    if not terms:
        return [f"{shown(total, digits)}, for it reaches nothing"]
    texts = [product(term, digits) for term in terms]
    if len(texts) > MOST_TERMS:
        texts = [*texts[:FIRST_TERMS], f"… {len(texts) - FIRST_TERMS - 1:,} more …", texts[-1]]
    lines, held = [], texts[0]
    for text in texts[1:]:
        if len(held) + 3 + len(text) > room:
            lines.append(held)
            held = f"  + {text}"
        else:
            held += f" + {text}"
    end = f" = {shown(total, digits)}"
    lines = [*lines, held, f" {end}"] if len(held) + len(end) > room else [*lines, held + end]
    if is_noise(total, [term.product for term in terms]):
        lines += folded(NOISE, room, 0)
    return lines


def product(term: Term, digits: int) -> str:
    """`(-3)*1`; one that a gate closed says so."""
    factors = [shown(factor, digits) for factor in (term.upstream, term.local)]
    upstream, local = (f"({text})" if text.startswith("-") else text for text in factors)
    return f"{upstream}*{local}" if not term.closed else f"0 ({term.closed}: {upstream}*{local})"


# Shapes


def draw_shapes(lesson: ShapeLesson, *, width: int = 80, unicode: bool = True) -> list[Text]:
    """Every product with its candidates, what fits, and why."""
    page = Page(width=width, unicode=unicode)
    page.head(lesson.labels.names[lesson.question.result], lesson.title(), lesson.question)
    for index, gradients in lesson.products.items():
        page.put(Text(""), Text.assemble((lesson.labels.equation(index), LABEL), f"{GAP}{lesson.equation(index)}"))
        for gradient in gradients:
            page.put(Text(""))
            _gradient(lesson, lesson.labels.names[index], gradient, page)
    page.notes(lesson.notes)
    return page.lines


def _gradient(lesson: ShapeLesson, line: str, gradient: ProductGradient, page: Page) -> None:
    by = f"∂{lesson.of}/∂{gradient.by}"
    upstream = "upstream" if line == lesson.of else f"upstream = ∂{lesson.of}/∂{line}"
    made_of = f"{upstream}, {shape_text(gradient.upstream)}, and {gradient.other}"
    side = f", on the {('left', 'right')[gradient.slot]}," if gradient.by_twice else ""
    wanted = f"{by}{side} has the shape of {gradient.by}, {shape_text(gradient.wanted)}"
    page.say(f"{wanted}; it is made of {made_of}, {shape_text(gradient.other_shape)}", "", 2)
    rows = [
        (candidate.text, _multiplied(candidate), _verdict(candidate, gradient)) for candidate in gradient.candidates
    ]
    texts = max(len(text) for text, _, _ in rows)
    shapes = max(len(shape) for _, shape, _ in rows)
    beside_it = all(texts + shapes + len(verdict) + 6 <= page.width for _, _, verdict in rows)
    for (text, shape, verdict), candidate in zip(rows, gradient.candidates, strict=True):
        style = FINAL if candidate.is_rule else "" if candidate.fits else DIM
        if beside_it:
            page.put(Text(f"  {text.ljust(texts)}  {shape.ljust(shapes)}  {verdict}", style=style))
        else:
            page.say(f"  {text}", style, 4)
            page.say(f"    {shape}  {verdict}", style, 6)
    many = len(gradient.candidates)
    multiply = sum(candidate.shape is not None for candidate in gradient.candidates)
    fit = len(gradient.fitting)
    counted = f"{many} ways, {multiply} of them multipl{'ies' if multiply == 1 else 'y'}, {fit} fit{'s' * (fit == 1)}"
    if many == 1:
        page.say(f"  so {by} = {gradient.formula}: with a number there is one way", RESULT, 4)
    elif gradient.decided:
        page.say(f"  {counted}, so {by} = {gradient.formula}", RESULT, 4)
    else:
        page.say(f"  {counted}: the shapes do not decide. By the rule, {by} = {gradient.formula}", NOTE, 4)
        if gradient.example is not None or lesson.undecidable:
            page.say(f"  {_decider(lesson, gradient)}", NOTE, 4)
    page.say(f"  why: {gradient.reason}", "", 7)


def _multiplied(candidate: Candidate) -> str:
    a, b = map(shape_text, candidate.shapes)
    if candidate.operator == "outer":
        return f"{a} by {b} = {shape_text(candidate.shape or ())}"
    end = "" if candidate.shape is None else f" = {shape_text(candidate.shape)}"
    return f"{a} {candidate.operator} {b}{end}"


def _verdict(candidate: Candidate, gradient: ProductGradient) -> str:
    if candidate.shape is None:
        if candidate.trouble is None or candidate.trouble[0] == candidate.trouble[1]:
            return "does not multiply"
        return f"does not multiply: {candidate.trouble[0]} is not {candidate.trouble[1]}"
    if not candidate.fits:
        return f"multiplies, but is not {shape_text(gradient.wanted)}"
    if candidate.is_rule:
        if candidate.shape != gradient.wanted:
            return f"fits, added up to {shape_text(gradient.wanted)}"
        return "fits" if gradient.decided else "fits, and is the gradient"
    true = next((c.same_as for c in gradient.candidates if c.is_rule), "")
    if candidate.same_as == true:
        return "fits, the same numbers: a vector has no .T"
    return "fits, equal on these numbers only" if candidate.equal else "fits, but is not the gradient"


def _decider(lesson: ShapeLesson, gradient: ProductGradient) -> str:
    if gradient.example is None:
        return "no shapes would decide it: the program itself makes sizes equal"
    if lesson.question.example is not None:
        return f"--example {gradient.example} would decide"
    return f"--example {gradient.example}, in place of the values, would decide"
