"""Decompositions side by side: what each makes of the same question, how many digits are right, and who wins."""

from __future__ import annotations

from math import isnan

from gradcli.autodiff.precise import decimal, is_nan, nearest
from gradcli.insight.digits import (
    ALL,
    NONE,
    UNDECIDED,
    Judged,
    correct_digits,
    is_lost,
    loss_of,
    nan_of,
    operations_of,
)
from gradcli.text import SCHEMA, significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.insight.digits import Birth, Digits, Loss
    from gradcli.insight.notes import Note

TRUE_DIGITS = 20
MOST_NAMED = 2
MOST_DIGITS = 17


class Asked:
    """A number that was asked for: its label, the name it is differentiated by (None: the value), the true number."""

    __slots__ = ("by", "exact", "label")

    def __init__(self, label: str, by: str | None, exact: Any) -> None:
        self.label = label
        self.by = by
        self.exact = exact

    def true(self, digits: int = TRUE_DIGITS) -> str:
        """The true number, correctly rounded to DIGITS significant digits."""
        return UNDECIDED if self.exact is None else decimal(self.exact, digits)

    @property
    def missing(self) -> bool:
        """Whether there is no true number: the typed form is nan even in exact arithmetic."""
        return self.exact is not None and is_nan(self.exact)

    @property
    def rounds_away(self) -> bool:
        """Whether the true number is no double, and neither between doubles: it rounds to 0 or to inf."""
        if self.exact is None or self.missing or not self.exact.context.isfinite(self.exact):
            return False
        return self.exact != 0 and nearest(self.exact) in (0.0, float("inf"), float("-inf"))


class Column:
    """One decomposition: its operations, and beside each number asked for its digits and the place that lost some."""

    __slots__ = ("decomposition", "digits", "losses", "lost", "nans", "numbers", "operations")

    def __init__(
        self, decomposition: str, run: Judged, sources: Mapping[str, int | None], asked: Sequence[Asked]
    ) -> None:
        self.decomposition = decomposition
        self.operations: Mapping[str, int] = operations_of(run.graph, run.result)
        self.numbers: list[float] = []
        self.digits: list[Digits] = []
        self.lost: list[bool] = []
        self.losses: list[Loss | None] = []
        self.nans: list[Birth | None] = []
        for one in asked:
            line = None if one.by is None else sources[one.by]
            adjoint = None if line is None else run.sweep.numbers[line]
            number = run.values[run.result] if one.by is None else 0.0 if adjoint is None else adjoint
            lost = is_lost(number, one.exact)
            self.numbers.append(number)
            self.digits.append(correct_digits(number, one.exact))
            self.lost.append(lost)
            self.losses.append(loss_of(run, line, one.exact) if lost else None)
            self.nans.append(nan_of(run, line) if isnan(number) else None)

    @property
    def lines(self) -> int:
        """How many operations the result takes."""
        return sum(self.operations.values())

    @property
    def first_loss(self) -> Loss | None:
        """The earliest place that cost a number asked for its digits."""
        return min((loss for loss in self.losses if loss is not None), key=lambda loss: loss.time, default=None)

    @property
    def nan_born(self) -> Birth | None:
        """Where the first nan among the numbers asked for was born."""
        return next((birth for birth in self.nans if birth is not None), None)

    def grade(self, place: int) -> float:
        """How good a number is: of two grades the higher is clearly better."""
        digits = self.digits[place]
        return MOST_DIGITS + 1 if not self.lost[place] else digits if isinstance(digits, int) else 0

    def nearness(self, place: int) -> float:
        """The same to the last digit."""
        digits = self.digits[place]
        return digits if isinstance(digits, int) else 0 if digits == NONE else MOST_DIGITS + 1


def columns_of(runs: Mapping[str, tuple[Judged, Mapping[str, int | None]]], asked: Sequence[Asked]) -> list[Column]:
    """A column a decomposition, from its judged run and the lines it is differentiated by."""
    return [Column(name, run, sources, asked) for name, (run, sources) in runs.items()]


class Comparison:
    """The answer of `compare --by decomposition`, as plain data. Shapes: scalar."""

    def __init__(
        self, source: str, title: str, at: Mapping[str, float], asked: Sequence[Asked], columns: Sequence[Column],
        notes: Sequence[Note], *, same: bool,
    ) -> None:  # fmt: skip
        self.source = source
        self.title = title
        self.at = at
        self.asked = asked
        self.columns = columns
        self.notes = notes
        self.same = same

    @property
    def verdict(self) -> str:
        """Who wins, where and why, in a sentence or two."""
        return verdict(self)

    def as_object(self) -> dict[str, object]:
        """The comparison as the JSON of schema gradcli/1."""
        return {
            "schema": SCHEMA,
            "expression": self.source,
            "at": self.at,
            "by": "decomposition",
            "columns": [self._column_object(column) for column in self.columns],
            "true": self._of_each([one.true() for one in self.asked]),
            "verdict": self.verdict,
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }

    def _of_each(self, items: Sequence[object]) -> dict[str, object]:
        named = zip(self.asked, items, strict=True)
        value, *gradients = [(one.by, item) for one, item in named]
        return {"value": value[1], "gradients": dict(gradients)}

    def _column_object(self, column: Column) -> dict[str, object]:
        loss, birth = column.first_loss, column.nan_born
        return {
            "decomposition": column.decomposition,
            "lines": column.lines,
            "operations": dict(column.operations),
            **self._of_each(column.numbers),
            "digits": self._of_each(column.digits),
            "first_loss": None if loss is None else loss.as_object(),
            "nan_born": None if birth is None else birth.as_object(),
        }


def verdict(comparison: Comparison) -> str:
    """The verdict: a winner with place and cause, or why there is none; true of the numbers that were compared."""
    sentences = [*_undecided(comparison)]
    judged = [place for place, one in enumerate(comparison.asked) if one.exact is not None and not one.missing]
    if judged:
        sentences.insert(0, _decided(comparison, judged))
        sentences += _rounding_away(comparison, judged)
    sentences += _without_truth(comparison)
    return " ".join(sentences)


def _decided(comparison: Comparison, judged: Sequence[int]) -> str:
    columns = comparison.columns
    if comparison.same:
        count = columns[0].lines
        if count == 0:
            return "nothing is computed, so nothing can be lost."
        one = "the same line" if count == 1 else f"the same {count} lines"
        known = any(note.kind == "recognised" for note in comparison.notes)
        start = "both come to" if known else "nothing is recognised and nothing is spelled out: both are"
        return f"{start} {one}, and {_status(comparison, judged)}."
    best = _best(columns, judged)
    if best is not None:
        winner, losers = best
        losses = "; ".join(_loses(comparison, loser, _worse(loser, winner, judged)) for loser in losers)
        own = [place for place in judged if winner.lost[place]]
        ending = f"; {_loses(comparison, winner, own)}" if own else ""
        return f"{winner.decomposition}: {losses}{ending}."
    if any(any(column.lost[place] for place in judged) for column in columns):
        return _no_winner(comparison, judged)
    if all(column.digits[place] == ALL for column in columns for place in judged):
        return f"{_everyone(columns)} right to the last digit{_only(comparison, judged)}."
    return _by_a_hair(comparison, judged)


def _everyone(columns: Sequence[Column]) -> str:
    return "both are" if len(columns) == 2 else f"all {len(columns)} are"


def _only(comparison: Comparison, judged: Sequence[int]) -> str:
    """Which numbers a sentence is about, where not all could be judged."""
    return "" if len(judged) == len(comparison.asked) else f" in {_named(comparison, judged)}"


def _status(comparison: Comparison, judged: Sequence[int]) -> str:
    """What became of the digits where all columns are one."""
    column = comparison.columns[0]
    own = [place for place in judged if column.lost[place]]
    if own:
        return _loses(comparison, column, own, who="they")
    if all(column.digits[place] == ALL for place in judged):
        return f"they are right to the last digit{_only(comparison, judged)}"
    return f"they are right to rounding{_only(comparison, judged)}: {_fewest(column, judged)} correct digits or more"


def _fewest(column: Column, judged: Sequence[int]) -> int:
    return min(digits for place in judged if isinstance(digits := column.digits[place], int))


def _best(columns: Sequence[Column], judged: Sequence[int]) -> tuple[Column, list[Column]] | None:
    """The column that is nowhere worse than the others and clearly better than some, and those."""
    for column in columns:
        rest = [other for other in columns if other is not column]
        if all(column.grade(place) >= other.grade(place) for other in rest for place in judged):
            worse = [other for other in rest if _worse(other, column, judged)]
            if worse:
                return column, worse
    return None


def _worse(column: Column, winner: Column, judged: Sequence[int]) -> list[int]:
    return [place for place in judged if column.grade(place) < winner.grade(place)]


def _loses(comparison: Comparison, column: Column, places: Sequence[int], *, who: str = "") -> str:
    """What a column loses of the numbers at PLACES, where and why; the earliest place is told in full."""
    plural = who in ("they", "both", "all")
    groups: dict[str, list[int]] = {}
    for place in sorted(places, key=lambda place: (_time(column, place), place)):
        loss = column.losses[place]
        groups.setdefault("" if loss is None else loss.place, []).append(place)
    told = []
    for number, members in enumerate(groups.values()):
        subject = who or column.decomposition
        if number:
            subject = "they also" if plural else "it also"
        told.append(f"{subject} {_loses_at(comparison, column, members, plural=plural, in_full=number == 0)}")
        if number + 1 == MOST_NAMED and len(groups) > MOST_NAMED:
            told.append("and more")
            break
    return "; ".join(told)


def _loses_at(comparison: Comparison, column: Column, places: Sequence[int], *, plural: bool, in_full: bool) -> str:
    loss = column.losses[places[0]]
    what = _digits_lost(comparison, column, places, plural=plural)
    if loss is None:
        return what
    if not in_full:
        return f"{what} at {loss.place}"
    if loss.kind == "overflow" and loss.at_line:
        return f"overflow{'' if plural else 's'} at {loss.numbers}, and {_outcome(comparison, column, places)}"
    return f"{what} at {loss.place}, {loss.cause}"


def _time(column: Column, place: int) -> int:
    loss = column.losses[place]
    return -1 if loss is None else loss.time


def _outcome(comparison: Comparison, column: Column, places: Sequence[int]) -> str:
    """What came of an overflow: `its gradient is nan from flow v2 → v1 on`."""
    births: dict[str, list[int]] = {}
    for place in places:
        birth = column.nans[place]
        if birth is not None:
            births.setdefault(birth.place, []).append(place)
    infinite = [place for place in places if column.numbers[place] in (float("inf"), float("-inf"))]
    told = [f"{_named(comparison, infinite)} {_is(infinite)} infinite"] if infinite else []
    for where, members in births.items():
        alone = members == [1] and len(comparison.asked) == 2
        subject = "its gradient" if alone and not infinite else _named(comparison, members)
        told.append(f"{subject} {_is(members)} nan from {where} on")
    rest = [place for place in places if column.nans[place] is None and place not in infinite]
    if rest:
        nothing = all(column.digits[place] == NONE for place in rest)
        named = _named(comparison, rest)
        told.append(f"no digit of {named} is right" if nothing else f"digits of {named} are lost")
    return " and ".join(told[:MOST_NAMED]) + (" and more" if len(told) > MOST_NAMED else "")


def _is(places: Sequence[int]) -> str:
    return "is" if len(places) == 1 else "are"


def _digits_lost(comparison: Comparison, column: Column, places: Sequence[int], *, plural: bool) -> str:
    s = "" if plural else "s"
    groups: dict[Digits, list[int]] = {}
    for place in places:
        groups.setdefault(column.digits[place], []).append(place)
    told = []
    for digits, members in sorted(groups.items(), key=lambda group: group[0] if isinstance(group[0], int) else 0):
        named = _named(comparison, members)
        if isinstance(digits, int):
            told.append(f"keep{s} only {digits} digit{'s' * (digits != 1)} of {named}")
        else:
            told.append(f"lose{s} every digit of {named}")
    return " and ".join(told)


def _named(comparison: Comparison, places: Sequence[int]) -> str:
    labels = [comparison.asked[place].label for place in places]
    if len(labels) > MOST_NAMED + 1:
        return f"{', '.join(labels[:MOST_NAMED])} and {len(labels) - MOST_NAMED} more"
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)


def _no_winner(comparison: Comparison, judged: Sequence[int]) -> str:
    columns = comparison.columns
    nearer = _nearer(comparison, judged, Column.grade)
    lost = {column.decomposition: [place for place in judged if column.lost[place]] for column in columns}
    if not nearer:
        together = {_loses(comparison, column, lost[column.decomposition], who="both") for column in columns}
        if len(columns) == 2 and len(together) == 1:
            return f"no winner: {together.pop()}."
    losses = [_loses(comparison, column, own) for column in columns if (own := lost[column.decomposition])]
    start = f"no clear winner: {', '.join(nearer)}" if nearer else "no winner: the digits are the same"
    return f"{start}; {'; '.join(losses)}."


def _by_a_hair(comparison: Comparison, judged: Sequence[int]) -> str:
    columns = comparison.columns
    rounded = [column for column in columns if any(isinstance(column.digits[place], int) for place in judged)]
    fewest = min(_fewest(column, judged) for column in rounded)
    nearer = _nearer(comparison, judged, Column.nearness)
    ending = f"; {', '.join(nearer)}" if nearer else ", and the same by count"
    only = _only(comparison, judged)
    return f"{_everyone(columns)} right to rounding, {fewest} correct digits or more{only}{ending}."


def _nearer(comparison: Comparison, judged: Sequence[int], measure: Callable[[Column, int], float]) -> list[str]:
    """Who is ahead of all others by MEASURE, and in what."""
    told = []
    for column in comparison.columns:
        rest = [other for other in comparison.columns if other is not column]
        ahead = [p for p in judged if all(measure(column, p) > measure(other, p) for other in rest)]
        if ahead:
            told.append(f"{column.decomposition} is nearer in {_named(comparison, ahead)}")
    return told


def _rounding_away(comparison: Comparison, judged: Sequence[int]) -> Iterable[str]:
    """Why a 0 or an inf is right."""
    away = [place for place in judged if comparison.asked[place].rounds_away]
    right = [column for column in comparison.columns if away and all(column.digits[place] == ALL for place in away)]
    if not right:
        return
    numbers = sorted({significant(nearest(comparison.asked[place].exact) + 0.0) for place in away})
    if len(numbers) > 1:
        return
    every = len(away) == len(judged) > 1
    named = f"The true {_named(comparison, away)} round{'s' * (len(away) == 1)}"
    who = "The true numbers round" if every else named
    whose = "" if len(right) == len(comparison.columns) else f"{right[0].decomposition}'s "
    yield f"{who} to {numbers[0]}, so {whose}{numbers[0]} is right."


def _undecided(comparison: Comparison) -> Iterable[str]:
    places = [place for place, one in enumerate(comparison.asked) if one.exact is None]
    if places:
        yield f"undecided: no number of bits that was tried settles 20 digits of {_named(comparison, places)}."


def _without_truth(comparison: Comparison) -> Iterable[str]:
    """What to say where the typed form is nan even in exact arithmetic."""
    places = [place for place, one in enumerate(comparison.asked) if one.missing]
    if not places:
        return
    if 0 in places:
        birth = next((column.nans[0] for column in comparison.columns if column.nans[0] is not None), None)
        where = "" if birth is None else f"; its nan is born at {birth.place}: {birth.what}"
        yield f"nothing to compare: as typed, {comparison.asked[0].label} has no real value here{where}."
    else:
        yield f"As typed, {_named(comparison, places)} {_is(places)} nan even in exact arithmetic."
    for column in comparison.columns:
        answers = [place for place in places if not isnan(column.numbers[place])]
        if answers:
            numbers = " and ".join(dict.fromkeys(significant(column.numbers[place]) for place in answers))
            named = _named(comparison, answers)
            yield f"{column.decomposition} answers {numbers} for {named}, as its own operations define it."
