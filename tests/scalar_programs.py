"""Programs of scalars that nobody wrote, and points for them."""

from hypothesis import strategies as st

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.language.builder import build

NAMES = "xyz"
STEPS = (0.00123, 0.00357, 0.00781)
UNARY = (
    "-({})", "sin({})", "cos({})", "exp({})", "log({})", "sqrt({})", "tanh({})", "sigmoid({})", "softplus({})",
    "relu({})", "abs({})", "({})^2", "({})^3", "({})^0.5", "({})^-1", "atan({})", "cbrt({})", "gelu({})", "silu({})",
    "leaky_relu({})", "elu({})", "floor({})", "sign({})", "log1p({})", "expm1({})", "erf({})", "asinh({})",
    "1/(1+exp(-({})))", "max({}, 0)",
)  # fmt: skip
BINARY = (
    "({})+({})", "({})-({})", "({})*({})", "({})/({})", "max({}, {})", "min({}, {})", "hypot({}, {})",
    "atan2({}, {})", "where({}, {}, 2)", "({})^({})", "xlogy({}, {})", "logaddexp({}, {})", "softmax({}, {})",
    "mod({}, {})", "({})>({})",
)  # fmt: skip
TERNARY = ("where({}, {}, {})", "clip({}, {}, {})", "max({}, {}, {})", "softmax({}, {}, {})")


def applied(shapes, *operands):
    return st.builds(str.format, st.sampled_from(shapes), *operands)


def expressions(*names):
    return st.recursive(
        st.sampled_from([*names, "2", "0.5", "0", "1", "(-1)"]),
        lambda inner: applied(UNARY, inner) | applied(BINARY, inner, inner) | applied(TERNARY, inner, inner, inner),
        max_leaves=5,
    )


# a and b are lines that more than one other may use
texts = expressions(*NAMES) | st.builds(
    "a = {}; b = {}; {}".format, expressions(*NAMES), expressions("a", *NAMES), expressions("a", "b", "x")
)
# in hundredths, each name beside them by another step, so that nothing is 0, whole or equal by chance
ordinary = st.fixed_dictionaries(
    {
        name: st.integers(-300, 300).map(lambda k, step=step: k / 100 + step)
        for name, step in zip(NAMES, STEPS, strict=True)
    }
)
anywhere = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -0.0]) | st.floats(-3.0, 3.0) for name in NAMES}
)


def largest_flow(text, at):
    """The size of the largest flow; None where one is not finite, or a product of them may leave the floats."""
    program = build(text, given=at)
    values = evaluate(program.graph, at)
    flows = []
    active = depends(program.graph, program.variables.values())
    pull_back(program.graph, values, program.result, active, flows=flows)
    sizes = [abs(number) for flow in flows for number in flow[3:6]]
    tame = all(size == 0 or 1e-30 < size < 1e30 for size in sizes) and all(abs(value) < 1e30 for value in values)
    return max([1.0, *sizes]) if tame else None
