"""The steps of a tape: what a call, an operator or a power computes, and what is to be known of it."""

from __future__ import annotations

from functools import cache

from gradcli.batch.steps import STEPS
from gradcli.graph import NAMED, Primitive, real
from gradcli.language.expressions import FIRST_TAKES_ALL, OPERATORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ONE, TWO, ANY = 1, 2, 3
# One of these, or two exp, make a program worth a look for spelled-out forms, and so do roots; see spelled.py.
TELLING = frozenset(("sigmoid", "softplus", "sinh", "log1p", "expm1"))
WATCHED: set[Step] = set()  # the steps that may be worth a note where all numbers are finite
MOST_POWERS = 1000  # exponents that are remembered


class Step:
    """A primitive with a number of operands: `run` gives the value and the local gradients of a line.

    `kind` says how: ONE (y, local), TWO (y, local, local), ANY (y, locals) with None where nothing flows. `defaults`
    are the operands that a call left out. `pair` is, for max and min of two numbers that differ, what they say where
    the first is 2 and the second 1, and the other way round: only the order of the two counts.
    """

    __slots__ = (
        "count", "defaults", "is_root", "kind", "name", "noted", "opens", "pair", "primitive", "remarked", "routes",
        "run", "static", "tells", "warns",
    )  # fmt: skip

    def __init__(
        self, primitive: Primitive, static: float | None, count: int, run: Callable[..., Any], *, plain: bool = True
    ) -> None:
        self.primitive = primitive
        self.name = primitive.name
        self.static = static
        self.count = count
        self.run = run
        self.kind = count if plain else ANY
        self.opens = primitive.opens
        self.routes = primitive.opens and primitive.shown in ("max", "min")
        self.remarked = primitive.shown == "relu" or primitive.verbs[0] == "saturates"
        self.noted = self.remarked or any(edge.kind in ("kink", "tie") for edge in primitive.edges)
        self.warns = primitive.verbs[0] in ("stops", "dead")
        self.tells = 1 if self.name == "exp" else 2 if self.name in TELLING else 0
        self.is_root = self.name == "sqrt" or static == 0.5
        self.defaults: tuple[float, ...] = ()
        self.pair = (run(2.0, 1.0), run(1.0, 2.0)) if self.routes and count == 2 else None
        if self.routes or self.remarked:
            WATCHED.add(self)

    def with_defaults(self, count: int) -> Step:
        """The same step for a call with COUNT operands."""
        found = Step(self.primitive, self.static, self.count, self.run, plain=self.kind != ANY)
        found.defaults = self.primitive.defaults[len(self.primitive.defaults) - (self.count - count) :]
        return found


EVERY: dict[tuple[str, float | None, int], Step] = {
    key: Step(NAMED[key[0]], key[1], key[2], run, plain=plain) for key, (run, plain) in STEPS.items()
}
SIGNS: dict[str, Step] = {
    sign: EVERY[name, None, 2] for sign, name in OPERATORS.items() if (name, None, 2) in EVERY and sign != "^"
}
PLAIN_SIGNS = {sign: step.run for sign, step in SIGNS.items() if step.kind == TWO}
POW, NEGATIVE, SAME = EVERY["pow", None, 2], EVERY["neg", None, 1], EVERY["same", None, 1]
_POWERS: dict[float, Step] = {static: step for (name, static, _), step in EVERY.items() if name == "power" and static}


@cache
def functions(ties: str) -> dict[str, dict[int, Step]]:
    """What can be called by name: the step by the number of operands, and by 0 that of one operand if it is ONE."""
    found: dict[str, dict[int, Step]] = {}
    for (name, static, count), step in EVERY.items():
        primitive = step.primitive
        if not primitive.spoken or static is not None or (primitive.variadic and count == 1):
            continue
        if ties == "first" and name in FIRST_TAKES_ALL:
            step = EVERY[FIRST_TAKES_ALL[name], None, count]
        calls = found.setdefault(name, {})
        calls[count] = step
        for fewer in range(count - len(primitive.defaults), count):
            calls[fewer] = step.with_defaults(fewer)
    for calls in found.values():
        if 1 in calls and calls[1].kind == ONE:
            calls[0] = calls[1]
    return found


def power(exponent: float) -> Step | None:
    """The step of x^EXPONENT; None where that is nan."""
    found = _POWERS.get(exponent)
    if found is None and exponent == exponent:
        from gradcli.autodiff import locals_of

        primitive = NAMED["power"]
        (local,) = locals_of(primitive, exponent, 1)
        assert local is not None

        def run(x: float) -> tuple[float, float]:
            y = real.power(x, exponent)
            return y, local(y, x)

        found = Step(primitive, exponent, 1, run)
        if len(_POWERS) > MOST_POWERS:
            _POWERS.clear()
        if exponent:  # the two zeros would be one key
            _POWERS[exponent] = found
    return found
