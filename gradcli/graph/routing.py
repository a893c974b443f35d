"""Primitives that choose, cut or step: max, min, clip, relu, abs, sign, rounding."""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, Edge, Node, Primitive, define, real
from gradcli.graph.arithmetic import div, equal, sub, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ROUTES = ("routes", "routes")
BLOCKS = ("passes", "passes")


def _unless_nan(y: Node, share: Node) -> Node:
    """SHARE, and nan where the gate's own value is nan: then nothing is known to be closed."""
    return where(equal(y, y), share, y)


def _split(y: Node, *xs: Node) -> list[Node]:
    """A tie shares the gradient evenly by operand; the shares sum to 1, and are 0/0 where y is nan."""
    hits = [equal(x, y) for x in xs]
    total = hits[0]
    for hit in hits[1:]:
        total = total + hit
    return [hit / total for hit in hits]


def _first(y: Node, *xs: Node) -> list[Node]:
    """At a tie the first operand takes all."""
    shares, taken = [], None
    for x in xs:
        hit = equal(x, y)
        shares.append(hit if taken is None else hit * (1 - taken))
        taken = shares[-1] if taken is None else taken + shares[-1]
    return [_unless_nan(y, share) for share in shares]


def _tied(y: float, *xs: float) -> bool:
    return xs.count(y) > 1


TIE = Edge("tie", _tied, "tie", operands=())
MANY: dict[str, Any] = {
    "variadic": True, "arity": 1, "parameters": "a, b, ...", "opens": True, "verbs": ROUTES, "edges": (TIE,),
}  # fmt: skip

max = define("max", real.maximum, _split, **MANY)
max_first = define("max_first", real.maximum, _first, shown="max", spoken=False, **MANY)
min = define("min", real.minimum, _split, **MANY)
min_first = define("min_first", real.minimum, _first, shown="min", spoken=False, **MANY)


def _clip_shares(tied: float) -> tuple[Callable[..., Any], ...]:
    """The shares of min(max(x, low), high); at an end the value before the bound keeps TIED of it."""

    def above(x: Node, low: Node) -> Node:
        return (x > low) + tied * equal(x, low)

    def below(x: Node, low: Node, high: Node) -> Node:
        inner = max(x, low)
        return (inner < high) + tied * equal(inner, high)

    return (
        lambda y, x, low, high: _unless_nan(y, above(x, low) * below(x, low, high)),
        lambda y, x, low, high: _unless_nan(y, (1 - above(x, low)) * below(x, low, high)),
        lambda y, x, low, high: _unless_nan(y, 1 - below(x, low, high)),
    )


CLIP: dict[str, Any] = {
    "opens": True, "verbs": ROUTES, "parameters": "x, low, high",
    "edges": (Edge("tie", lambda y, x, low, high: x in (low, high) or x < low == high, "tie", operands=()),),
}  # fmt: skip
clip = define("clip", real.clip, *_clip_shares(0.5), definition=lambda x, low, high: min(max(x, low), high), **CLIP)
clip_first = define(
    "clip_first", real.clip, *_clip_shares(1.0), shown="clip", spoken=False,
    definition=lambda x, low, high: min_first(max_first(x, low), high), **CLIP,
)  # fmt: skip

SLOPES = (0.0, 1.0)
RELU: dict[str, Any] = {"opens": True, "verbs": BLOCKS, "parameters": "x"}
# max(0, x) that gives a tie to its first operand is what relu'(0) = 0 means
relu = define(
    "relu", real.relu, lambda y, x: _unless_nan(y, x > 0), definition=lambda x: max_first(0, x),
    edges=(Edge("kink", lambda y, x: x == 0, "kink at 0: the derivative is taken as 0", sides=lambda y, x: SLOPES),),
    **RELU,
)  # fmt: skip
relu_split = define(
    "relu_split", real.relu, lambda y, x: _unless_nan(y, (x > 0) + 0.5 * equal(x, 0)), shown="relu", spoken=False,
    definition=lambda x: max(x, 0),
    edges=(Edge("tie", lambda y, x: x == 0, "both operands of the max are 0: 0.5 passes", sides=lambda y, x: SLOPES),),
    **RELU,
)  # fmt: skip
relu_first = define(
    "relu_first", real.relu, lambda y, x: _unless_nan(y, x >= 0), shown="relu", spoken=False,
    definition=lambda x: max_first(x, 0),
    edges=(
        Edge("tie", lambda y, x: x == 0, "both operands of the max are 0: the first takes all",
             sides=lambda y, x: SLOPES),
    ),
    **RELU,
)  # fmt: skip
leaky_relu = define(
    "leaky_relu", real.leaky_relu,
    lambda y, x, s: where(x > 0, 1, s), lambda y, x, s: where(x > 0, 0, x),
    parameters="x, s=0.01", defaults=(0.01,), definition=lambda x, s: where(x > 0, x, s * x),
    edges=(
        Edge("kink", lambda y, x, s: x == 0 and s != 1, "kink at 0: the derivative is taken as the slope s",
             sides=lambda y, x, s: (s, 1.0)),
    ),
)  # fmt: skip

abs = define(
    "abs", real.absolute, lambda y, x: sign(x), verbs=("scales", "scales"),
    edges=(
        Edge("kink", lambda y, x: x == 0, "kink at 0: the derivative is taken as 0", sides=lambda y, x: (-1.0, 1.0)),
    ),
)  # fmt: skip

stop = define("stop", lambda x: x, None, verbs=("stops", "stops"))
seed = define(  # what an adjoint starts from: 1, and nan where the result is nan
    "seed", lambda x: 1.0 if x == x else x, None, verbs=("stops", "stops"), spoken=False,
    notation=lambda operands, static: ("1", ATOM_LEVEL),
)  # fmt: skip

DEAD = ("dead", "dead")
FLAT = Edge("dead", lambda y, x: True, "its derivative is 0 wherever there is one")
sign: Primitive = define("sign", real.sign, lambda y, x: 0, verbs=DEAD, edges=(FLAT,))
floor = define("floor", real.floor, lambda y, x: 0, verbs=DEAD, edges=(FLAT,))
ceil = define("ceil", real.ceil, lambda y, x: 0, verbs=DEAD, edges=(FLAT,))
round = define("round", real.rint, lambda y, x: 0, verbs=DEAD, edges=(FLAT,))
mod = define(
    "mod", real.mod, lambda y, a, b: 1, lambda y, a, b: -round((a - y) / b),  # not floor(a/b), which a/b rounds past
    parameters="a, b", domain="b other than 0", definition=lambda a, b: sub(a, b * floor(div(a, b))),
    edges=(
        Edge("domain", lambda y, a, b: b == 0, "the remainder of a division by zero", operands=(0, 1)),
        Edge("kink", lambda y, a, b: y == 0 and b != 0, "a jump where b divides a: the slopes beside it are taken",
             operands=(0, 1)),
    ),
)  # fmt: skip
