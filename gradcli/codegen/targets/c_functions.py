"""The helper functions of generated C code: the forwards of gradcli/graph/real.py in C99, on libm alone."""

from __future__ import annotations

import math

from gradcli.graph import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def table(name: str, numbers: Sequence[float]) -> str:
    """An array of numbers, four to a line."""
    rows = [", ".join(map(repr, numbers[k : k + 3])) for k in range(0, len(numbers), 3)]
    return f"\nstatic const double {name}[] = {{\n    " + ",\n    ".join(rows) + "};\n"


FUNCTIONS = {
    "sign": r"""
static double sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x + 0.0;
}
""",
    "modulo": r"""
/* The remainder of the floored quotient, with the sign of b. */
static double modulo(double a, double b)
{
    double rest = fmod(a, b);
    if (rest == 0.0)
        return copysign(0.0, b);
    return (b < 0.0) != (rest < 0.0) ? rest + b : rest;
}
""",
    "strong_product": r"""
/* a * b, and 0 where one of them is 0 and the other is infinite. */
static double strong_product(double a, double b)
{
    return (a == 0.0 || b == 0.0) && a == a && b == b ? 0.0 : a * b;
}
""",
    "maximum": r"""
/* The larger operand, 0.0 above -0.0; nan if one is nan. */
static double maximum(double a, double b)
{
    if (a != a || b != b)
        return a != a ? a : b;
    return a > b || (a == b && !signbit(a)) ? a : b;
}
""",
    "minimum": r"""
/* The smaller operand, -0.0 below 0.0; nan if one is nan. */
static double minimum(double a, double b)
{
    if (a != a || b != b)
        return a != a ? a : b;
    return a < b || (a == b && signbit(a)) ? a : b;
}
""",
    "clip": r"""
static double clip(double x, double low, double high)
{
    return minimum(maximum(x, low), high);
}
""",
    "relu": r"""
static double relu(double x)
{
    return x <= 0.0 ? 0.0 : x;
}
""",
    "leaky_relu": r"""
static double leaky_relu(double x, double slope)
{
    return x > 0.0 ? x : slope * x;
}
""",
    "elu": r"""
static double elu(double x, double scale)
{
    return x > 0.0 ? x : scale * expm1(x);
}
""",
    "sigmoid": r"""
static double sigmoid(double x)
{
    if (x >= 0.0)
        return 1.0 / (1.0 + exp(-x));
    double share = exp(x);
    return share / (1.0 + share);
}
""",
    "softplus": r"""
static double softplus(double x)
{
    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
""",
    "logsigmoid": r"""
static double logsigmoid(double x)
{
    return -softplus(-x);
}
""",
    "softsign": r"""
/* x / (1 + |x|), and its limits at the infinities. */
static double softsign(double x)
{
    double y = x / (1.0 + fabs(x));
    return y == y || x != x ? y : copysign(1.0, x);
}
""",
    "silu": r"""
/* x sigmoid(x), and its limit at -inf. */
static double silu(double x)
{
    if (x > -700.0)
        return x * sigmoid(x);
    if (x < -800.0)
        return -0.0;
    return x * exp(x + 64.0) * 1.603810890548638e-28;
}
""",
    "gelu": r"""
/* x Phi(x) with the exact normal distribution, and its limit at -inf. */
static double gelu(double x)
{
    if (!(x < -1.0))
        return 0.5 * x * erfc(-0.7071067811865476 * x);
    if (x < -40.0)
        return -0.0;
    double scaled = 134217729.0 * x, upper = scaled - (scaled - x), lower = x - upper;
    if (x > -5.0) {
        double near = -0.7071067690849304 * upper;
        double step = -1.210161710447897e-08 * upper - 0.7071067811865476 * lower;
        double more = 1.1283791670955126 * step * exp(-near * (near + step));
        return 0.5 * x * (erfc(near) - more);
    }
    double mills = -x;
    for (int k = 24; k > 0; k--)
        mills = k / mills - x;
    double root = exp(-0.25 * upper * upper);
    return 0.3989422804014327 * x / mills * exp(-0.5 * lower * (x + upper)) * root * root;
}
""",
    "xlogy": r"""
/* x log(y), and 0 where x is 0 unless y is nan. */
static double xlogy(double x, double y)
{
    return x == 0.0 && y == y ? 0.0 : x * log(y);
}
""",
    "logaddexp": r"""
/* log(sum(exp(x))) without overflow, the far smaller operands not lost. */
static double logaddexp(int count, const double *xs)
{
    double largest = xs[0], rest = 0.0;
    for (int k = 1; k < count; k++)
        largest = maximum(largest, xs[k]);
    if (largest - largest != 0.0)
        return largest;
    for (int k = 0, passed = 0; k < count; k++) {
        if (xs[k] == largest && !passed)
            passed = 1;
        else
            rest += exp(xs[k] - largest);
    }
    return largest + log1p(rest);
}
""",
    "softmax": r"""
/* The share of the first, exp(x) / sum(exp(x)), and its limit where one is inf. */
static double softmax(int count, const double *xs)
{
    double x = xs[0], largest = x, total = 0.0;
    int infinite = 0;
    for (int k = 0; k < count; k++) {
        largest = maximum(largest, xs[k]);
        infinite += xs[k] == INFINITY;
    }
    if (largest == INFINITY)
        return infinite > 1 ? NAN : x == INFINITY ? 1.0 : 0.0;
    double distance = x - largest;
    if (distance < -750.0)
        return 0.0;
    for (int k = 0; k < count; k++)
        total += exp(xs[k] - largest);
    double back = x - distance; /* what the subtraction rounded off */
    double rounded_off = (x - (distance + back)) + (back - largest);
    return exp(distance) * (1.0 + rounded_off) / total;
}
""",
    "LGAMMA_SERIES": table("LGAMMA_SERIES", real.LGAMMA_SERIES),
    "DIGAMMA_SERIES": table("DIGAMMA_SERIES", real.DIGAMMA_SERIES),
    "BERNOULLI_SERIES": table("BERNOULLI_SERIES", real.BERNOULLI_SERIES),
    "FACTORIALS": table("FACTORIALS", [float(math.factorial(n)) for n in range(171)]),
    "log_gamma_from_2": r"""
/* log Gamma(2 + z) for |z| <= 0.5 (A&S 6.1.33). */
static double log_gamma_from_2(double z)
{
    double tail = 0.0;
    for (int k = (int)(sizeof LGAMMA_SERIES / sizeof *LGAMMA_SERIES) - 1; k >= 0; k--)
        tail = LGAMMA_SERIES[k] - z * tail;
    return z * (0.42278433509846714 + z * tail);
}
""",
    "log_gamma": r"""
/* log|Gamma(x)|, with all digits at its zeros 1 and 2. */
static double log_gamma(double x)
{
    if (!(0.0 < x && x < 10.0))
        return lgamma(x);
    if (x < 0.5)
        return log_gamma_from_2(x) - log(x * (1.0 + x));
    if (x < 1.5)
        return log_gamma_from_2(x - 1.0) - log(x);
    double product = 1.0;
    while (x > 2.5) {
        x -= 1.0;
        product *= x;
    }
    return log(product) + log_gamma_from_2(x - 2.0);
}
""",
    "digamma_right": r"""
/* digamma for x > 0. */
static double digamma_right(double x)
{
    if (1.22 < x && x < 1.72) {
        double distance = (x - 1.4616321449683622) - 9.549995429965697e-17, total = 0.0;
        int count = (int)(sizeof DIGAMMA_SERIES / sizeof *DIGAMMA_SERIES);
        for (int k = count - 1; k >= 0; k--)
            total = total * distance + DIGAMMA_SERIES[k];
        return total * distance;
    }
    double below = 0.0;
    while (x < 10.0) {
        below += 1.0 / x;
        x += 1.0;
    }
    double z = 1.0 / (x * x); /* A&S 6.3.18 */
    double tail = 1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z / 12.0));
    tail = z * (1.0 / 12.0 - z * (1.0 / 120.0 - z * (1.0 / 252.0 - z * tail)));
    return log(x) - 0.5 / x - tail - below;
}
""",
    "digamma": r"""
static double digamma(double x)
{
    if (!(x <= 0.0))
        return digamma_right(x);
    if (x == 0.0)
        return copysign(INFINITY, -x);
    double fraction = fmod(-x, 1.0), pi = 3.141592653589793;
    if (!(fraction > 0.0))
        return NAN;
    if (fraction >= 0.5)
        fraction -= 1.0;
    return digamma_right(1.0 - x) + pi / tan(pi * fraction);
}
""",
    "scaled_by_factorial": r"""
/* total n! / x^(n + 1), over- and underflowing only where the result does. */
static double scaled_by_factorial(double total, double n, double x)
{
    if (n > 170.0)
        return exp(log_gamma(n + 1.0) - (n + 1.0) * log(x) + log(total));
    int sum_exponent, factorial_exponent, base_exponent;
    double sum_part = frexp(total, &sum_exponent);
    double factorial_part = frexp(FACTORIALS[(int)n], &factorial_exponent);
    double base = frexp(x, &base_exponent);
    int exponent = sum_exponent + factorial_exponent - base_exponent * ((int)n + 1);
    return ldexp(sum_part * factorial_part * pow(base, -(n + 1.0)), exponent);
}
""",
    "polygamma_size": r"""
/* n! times the sum of (x + k)^-(n + 1), x > 0: some terms, then A&S 6.4.11. */
static double polygamma_size(double n, double x)
{
    if (!(x < INFINITY))
        return x == INFINITY ? 0.0 : x;
    double order = n + 1.0, total = 0.0, y = x;
    for (int k = 0; k < 60 && !(y >= n + 10.0); k++) {
        double term = pow(x / y, order);
        total += term;
        y += 1.0;
        if (term < 1e-17 * total)
            return scaled_by_factorial(total, n, x);
    }
    double tail = y / n + 0.5, rising = order, factor = order / y;
    for (unsigned k = 0; k < sizeof BERNOULLI_SERIES / sizeof *BERNOULLI_SERIES; k++) {
        tail += BERNOULLI_SERIES[k] * factor;
        factor *= (rising + 1.0) * (rising + 2.0) / (y * y);
        rising += 2.0;
    }
    return scaled_by_factorial(total + pow(x / y, order) * tail, n, x);
}
""",
    "polygamma": r"""
/* The n-th derivative of digamma; at a pole its limit, nan where the sides differ. */
static double polygamma(double n, double x)
{
    if (n == 0.0)
        return digamma(x);
    if (!(n > 0.0) || fmod(n, 1.0) != 0.0)
        return NAN;
    int odd = fmod(n, 2.0) == 1.0;
    if (x > 0.0)
        return odd ? polygamma_size(n, x) : -polygamma_size(n, x);
    if (x == 0.0)
        return odd ? INFINITY : copysign(INFINITY, -x);
    double fraction = fmod(-x, 1.0);
    if (!(fraction > 0.0))
        return odd && fraction == 0.0 ? INFINITY : NAN;
    double left = polygamma_size(n, 1.0 - fraction), right = polygamma_size(n, fraction);
    double both = odd ? left + right : right - left;
    if (both != both)
        both = fraction == 0.5 ? 0.0 : copysign(INFINITY, 0.5 - fraction);
    return fabs(both) == INFINITY ? both : both - polygamma_size(n, 1.0 - x);
}
""",
}
