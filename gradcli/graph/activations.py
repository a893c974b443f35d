"""The activations of networks, and the sums of exponentials behind them."""

from __future__ import annotations

from gradcli.graph import Edge, Node, Primitive, define, real
from gradcli.graph.arithmetic import where
from gradcli.graph.elementary import _sum, exp, expm1, log
from gradcli.graph.routing import abs, max_first, stop
from gradcli.graph.special import erfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SATURATES = ("saturates", "saturates")
HALF_ROOT = 0.7071067811865476  # 1/sqrt(2)
DENSITY = 0.3989422804014327  # 1/sqrt(2*pi)

sigmoid: Primitive = define(
    "sigmoid", real.sigmoid, lambda y, x: y * sigmoid(-x),  # not y*(1 - y), which is 0 from x = 38 on
    verbs=SATURATES, definition=lambda x: 1 / (1 + exp(-x)),
)  # fmt: skip
logsigmoid = define(
    "logsigmoid", real.logsigmoid, lambda y, x: sigmoid(-x),
    verbs=SATURATES, definition=lambda x: -log(1 + exp(-x)),
)  # fmt: skip
softplus = define(
    "softplus", real.softplus, lambda y, x: sigmoid(x), verbs=SATURATES, definition=lambda x: log(1 + exp(x)),
)  # fmt: skip
silu = define(
    "silu", real.silu, lambda y, x: sigmoid(x) + y * sigmoid(-x),  # y keeps its digits where sigmoid(x) is subnormal
    definition=lambda x: x / (1 + exp(-x)),
)  # fmt: skip
gelu = define(
    "gelu", real.gelu, lambda y, x: 0.5 * erfc(-x * HALF_ROOT) + x * DENSITY * exp(-0.5 * x**2),
    definition=lambda x: 0.5 * x * erfc(-x * HALF_ROOT),
)  # fmt: skip
softsign = define(
    "softsign", real.softsign, lambda y, x: (1 / (1 + abs(x))) ** 2,
    verbs=SATURATES, definition=lambda x: x / (1 + abs(x)),
)  # fmt: skip
elu = define(
    "elu", real.elu,
    lambda y, x, a: where(x > 0, 1, a * exp(x)), lambda y, x, a: where(x > 0, 0, expm1(x)),
    parameters="x, a=1", defaults=(1.0,), definition=lambda x, a: where(x > 0, x, a * (exp(x) - 1)),
    edges=(
        Edge("kink", lambda y, x, a: x == 0 and a != 1, "kink at 0: the derivative is taken as a",
             sides=lambda y, x, a: (a, 1.0)),
    ),
)  # fmt: skip


FEW = 8  # operands up to which a share is one softmax of all of them; beyond, that would take n^2 numbers


def _shares(y: Node, *xs: Node) -> list[Node]:
    """The share of every operand in the sum of the exponentials."""
    if len(xs) > FEW:
        return [sigmoid(margin) for margin in _margins(xs)]
    return [softmax(x, *xs[:k], *xs[k + 1 :]) for k, x in enumerate(xs)]


def _share_slopes(y: Node, *xs: Node) -> list[Node]:
    """Slopes of the first operand's share: no 1 - y, which loses the digits of a share close to 1."""
    if len(xs) == 1:
        return [0 * y]
    if len(xs) > FEW:
        first, *others = _margins(xs)
        return [y * sigmoid(-first), *(-y * sigmoid(other) for other in others)]
    shares = _shares(y, *xs)[1:]
    return [y * _sum(shares), *(-y * share for share in shares)]


def _margins(xs: Sequence[Node]) -> list[Node]:
    """How far each operand stands above the logaddexp of all others: a tree of halves, up and down, in 6n lines."""
    largest = stop(max_first(*xs))  # the shares do not depend on it; without it large operands cost digits
    rows = [[x - largest for x in xs]]
    while len(rows[-1]) > 2:
        row = rows[-1]
        rows.append([logaddexp(*row[k : k + 2]) if k + 1 < len(row) else row[k] for k in range(0, len(row), 2)])
    rest = rows.pop()[::-1]
    for row in reversed(rows):
        rest = [logaddexp(row[k ^ 1], rest[k // 2]) if k ^ 1 < len(row) else rest[k // 2] for k in range(len(row))]
    return [x - others for x, others in zip(rows[0], rest, strict=True)]


logaddexp = define(
    "logaddexp", real.logaddexp, _shares,
    variadic=True, arity=1, parameters="a, b, ...", definition=lambda *xs: log(_sum([exp(x) for x in xs])),
)  # fmt: skip
softmax: Primitive = define(
    "softmax", real.softmax, _share_slopes,
    variadic=True, arity=1, parameters="a, b, ...", verbs=SATURATES,
    definition=lambda *xs: exp(xs[0]) / _sum([exp(x) for x in xs]),
)  # fmt: skip
