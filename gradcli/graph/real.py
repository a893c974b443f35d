"""The forwards over Python floats: IEEE results, nothing raises."""

import math

INF = math.inf
NAN = math.nan


# Arithmetic


def add(a: float, b: float) -> float:
    return a + b


def subtract(a: float, b: float) -> float:
    return a - b


def multiply(a: float, b: float) -> float:
    return a * b


def divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.copysign(INF, a) * math.copysign(1.0, b) if a < 0.0 or a > 0.0 else NAN


def negative(x: float) -> float:
    return -x


def power(x: float, y: float) -> float:
    """x^y by the rules of C99 pow."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0.0 and y % 2.0 == 1.0 else INF
    except ValueError:
        if x != 0.0:
            return NAN
        return math.copysign(INF, x) if y % 2.0 == 1.0 else INF


def square(x: float) -> float:
    return x * x


def mod(a: float, b: float) -> float:
    """The remainder of the floored quotient, with the sign of b."""
    try:
        return a % b
    except ZeroDivisionError:
        return NAN


def absolute(x: float) -> float:
    return abs(x)


def sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x + 0.0  # + 0.0 makes -0.0 a plain zero, as numpy does


def floor(x: float) -> float:
    whole = x // 1.0
    return whole if whole == whole else x  # inf // 1.0 is nan


def ceil(x: float) -> float:
    return -floor(-x)


def rint(x: float) -> float:
    """The nearest whole number, halves to the even one."""
    if abs(x) < 4503599627370496.0:  # 2^52: from there on every float is whole
        return math.copysign((abs(x) + 4503599627370496.0) - 4503599627370496.0, x)
    return x


# Exponentials, logarithms, roots


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return INF


def log(x: float) -> float:
    try:
        return math.log(x)
    except ValueError:
        return -INF if x == 0.0 else NAN


def log1p(x: float) -> float:
    try:
        return math.log1p(x)
    except ValueError:
        return -INF if x == -1.0 else NAN


def log2(x: float) -> float:
    try:
        return math.log2(x)
    except ValueError:
        return -INF if x == 0.0 else NAN


def log10(x: float) -> float:
    try:
        return math.log10(x)
    except ValueError:
        return -INF if x == 0.0 else NAN


def sqrt(x: float) -> float:
    try:
        return math.sqrt(x)
    except ValueError:
        return NAN


def cbrt(x: float) -> float:
    return math.cbrt(x)


def hypot(*xs: float) -> float:
    return math.hypot(*xs)


def xlogy(x: float, y: float) -> float:
    """x log(y), and 0 where x is 0 unless y is nan."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


# Trigonometry


def sin(x: float) -> float:
    try:
        return math.sin(x)
    except ValueError:
        return NAN


def cos(x: float) -> float:
    try:
        return math.cos(x)
    except ValueError:
        return NAN


def tan(x: float) -> float:
    try:
        return math.tan(x)
    except ValueError:
        return NAN


def asin(x: float) -> float:
    try:
        return math.asin(x)
    except ValueError:
        return NAN


def acos(x: float) -> float:
    try:
        return math.acos(x)
    except ValueError:
        return NAN


def atan(x: float) -> float:
    return math.atan(x)


def atan2(y: float, x: float) -> float:
    return math.atan2(y, x)


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return INF


def tanh(x: float) -> float:
    return math.tanh(x)


def asinh(x: float) -> float:
    return math.asinh(x)


def acosh(x: float) -> float:
    try:
        return math.acosh(x)
    except ValueError:
        return NAN


def atanh(x: float) -> float:
    try:
        return math.atanh(x)
    except ValueError:
        return math.copysign(INF, x) if abs(x) == 1.0 else NAN


# Gates and comparisons


def maximum(*xs: float) -> float:
    """The largest operand, 0.0 above -0.0; nan if any is nan."""
    largest = -INF
    for x in xs:
        if x != x:
            return x
        if x > largest or (x == 0.0 == largest and math.copysign(1.0, x) > 0.0):
            largest = x
    return largest


def minimum(*xs: float) -> float:
    """The smallest operand, -0.0 below 0.0; nan if any is nan."""
    smallest = INF
    for x in xs:
        if x != x:
            return x
        if x < smallest or (x == 0.0 == smallest and math.copysign(1.0, x) < 0.0):
            smallest = x
    return smallest


def clip(x: float, low: float, high: float) -> float:
    return minimum(maximum(x, low), high)


def where(condition: float, a: float, b: float) -> float:
    """a where the condition is not 0 (nan is not), else b."""
    return a if condition != 0.0 else b


def less(a: float, b: float) -> float:
    return 1.0 if a < b else 0.0


def less_equal(a: float, b: float) -> float:
    return 1.0 if a <= b else 0.0


def greater(a: float, b: float) -> float:
    return 1.0 if a > b else 0.0


def greater_equal(a: float, b: float) -> float:
    return 1.0 if a >= b else 0.0


def equal(a: float, b: float) -> float:
    return 1.0 if a == b else 0.0


def not_equal(a: float, b: float) -> float:
    return 1.0 if a != b else 0.0


# Activations


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    return x if x > 0.0 else slope * x


def elu(x: float, scale: float) -> float:
    return x if x > 0.0 else scale * math.expm1(x)


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    share = math.exp(x)
    return share / (1.0 + share)


def softplus(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


def logsigmoid(x: float) -> float:
    return -softplus(-x)


def softsign(x: float) -> float:
    """x / (1 + |x|), and its limits at the infinities."""
    y = x / (1.0 + abs(x))
    return y if y == y or x != x else math.copysign(1.0, x)


def silu(x: float) -> float:
    """x sigmoid(x), and its limit at -inf."""
    if x > -700.0:
        return x * sigmoid(x)
    if x < -800.0:
        return -0.0
    return x * math.exp(x + 64.0) * 1.603810890548638e-28  # exp(-64) last: exp(x) alone would be subnormal


def gelu(x: float) -> float:
    """x Phi(x) with the exact normal distribution, and its limit at -inf."""
    if not x < -1.0:
        return 0.5 * x * math.erfc(-0.7071067811865476 * x)
    if x < -40.0:
        return -0.0
    scaled = 134217729.0 * x  # Dekker's split: products of the upper half are exact, and rounded ones cost x^2 ulp
    upper = scaled - (scaled - x)
    lower = x - upper
    if x > -5.0:
        near = -0.7071067690849304 * upper  # a short 1/sqrt(2); what it lacks follows as a step of the tangent
        step = -1.210161710447897e-08 * upper - 0.7071067811865476 * lower
        return 0.5 * x * (math.erfc(near) - 1.1283791670955126 * step * math.exp(-near * (near + step)))
    mills = -x  # A&S 26.2.14: Phi(x) = phi(x) / (u + 1/(u + 2/(u + 3/(u + ...)))) for u = -x
    for k in range(24, 0, -1):
        mills = k / mills - x
    root = math.exp(-0.25 * upper * upper)  # phi as a product of two: only the last may be subnormal
    return 0.3989422804014327 * x / mills * math.exp(-0.5 * lower * (x + upper)) * root * root


def logaddexp(*xs: float) -> float:
    """log(sum(exp(x))) without overflow, the far smaller operands not lost."""
    largest = maximum(*xs)
    if not -INF < largest < INF:
        return largest
    rest = 0.0
    passed = False
    for x in xs:
        if x == largest and not passed:
            passed = True
        else:
            rest += math.exp(x - largest)
    return largest + math.log1p(rest)


def softmax(x: float, *others: float) -> float:
    """The share of x, exp(x) / (exp(x) + sum(exp(others))), and its limit where one operand is inf."""
    largest = maximum(x, *others)
    if largest == INF:
        return NAN if (x, *others).count(INF) > 1 else 1.0 if x == INF else 0.0
    distance = x - largest
    if distance < -750.0:
        return 0.0
    total = math.exp(distance)
    for other in others:
        total += math.exp(other - largest)
    back = x - distance  # Knuth's two-sum: what the subtraction rounded off, which exp would multiply
    rounded_off = (x - (distance + back)) + (back - largest)
    return math.exp(distance) * (1.0 + rounded_off) / total


# The error function and the gamma family

# (zeta(k) - 1) / k for k = 2, 3, ...
LGAMMA_SERIES = (
    0.3224670334241132, 0.0673523010531981, 0.020580808427784546, 0.007385551028673986,
    0.0028905103307415234, 0.001192753911703261, 0.0005096695247430425, 0.00022315475845357939,
    9.945751278180853e-05, 4.492623673813314e-05, 2.050721277567069e-05, 9.439488275268397e-06,
    4.374866789907488e-06, 2.039215753801366e-06, 9.55141213040742e-07, 4.492469198764566e-07,
    2.1207184805554665e-07, 1.0043224823968099e-07, 4.7698101693639804e-08, 2.2711094608943164e-08,
    1.0838659214896955e-08, 5.183475041970047e-09, 2.4836745438024785e-09, 1.1921401405860912e-09,
)  # fmt: skip
# polygamma(k, r) / k! for k = 1, 2, ... at the zero r = 1.4616321449683622 + 9.549995429965697e-17 of digamma
DIGAMMA_SERIES = (
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652,
    0.10782405069126237, -0.07219956125645471, 0.04880428816414311, -0.03316112647484736,
    0.022597648232218104, -0.01542476590494896, 0.010538791616612175, -0.007204534386356869,
    0.004926781395729853, -0.003369801655439328, 0.002305126326734928, -0.0015769367714301972,
    0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077,
    0.00023635601564027053, -0.00016170622091974803,
)  # fmt: skip
# B_2k / (2k)! for k = 1, 2, ...
BERNOULLI_SERIES = (
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
    8.586062056277845e-15, -2.174868698558062e-16, 5.5090028283602295e-18,
)  # fmt: skip


def erf(x: float) -> float:
    return math.erf(x)


def erfc(x: float) -> float:
    return math.erfc(x)


def lgamma(x: float) -> float:
    """log|Gamma(x)|, with all digits at its zeros 1 and 2, where math.lgamma loses them."""
    if 0.0 < x < 10.0:
        if x < 0.5:
            return _lgamma_from_2(x) - math.log(x * (1.0 + x))
        if x < 1.5:
            return _lgamma_from_2(x - 1.0) - math.log(x)
        product = 1.0
        while x > 2.5:
            x -= 1.0
            product *= x
        return math.log(product) + _lgamma_from_2(x - 2.0)
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):
        return INF


def _lgamma_from_2(z: float) -> float:
    """log Gamma(2 + z) for |z| <= 0.5 (A&S 6.1.33)."""
    tail = 0.0
    for coefficient in reversed(LGAMMA_SERIES):
        tail = coefficient - z * tail
    return z * (0.42278433509846714 + z * tail)  # 1 - Euler's gamma


def digamma(x: float) -> float:
    if x <= 0.0:
        if x == 0.0:
            return math.copysign(INF, -x)
        fraction = -x % 1.0
        if fraction == 0.0:
            return NAN
        return _digamma_right(1.0 - x) + math.pi / math.tan(math.pi * (fraction if fraction < 0.5 else fraction - 1.0))
    return _digamma_right(x)


def _digamma_right(x: float) -> float:
    """digamma for x > 0."""
    if 1.22 < x < 1.72:
        distance = (x - 1.4616321449683622) - 9.549995429965697e-17
        total = 0.0
        for coefficient in reversed(DIGAMMA_SERIES):
            total = total * distance + coefficient
        return total * distance
    below = 0.0
    while x < 10.0:
        below += 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)  # A&S 6.3.18
    tail = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))))
    return math.log(x) - 0.5 / x - tail - below


def polygamma(n: float, x: float) -> float:
    """The n-th derivative of digamma; at a pole its limit, nan where the sides differ."""
    if n == 0.0:
        return digamma(x)
    if not n > 0.0 or n % 1.0 != 0.0:
        return NAN
    odd = n % 2.0 == 1.0
    if x > 0.0:
        return _polygamma_size(n, x) if odd else -_polygamma_size(n, x)
    if x == 0.0:
        return INF if odd else math.copysign(INF, -x)
    fraction = -x % 1.0
    if not fraction > 0.0:  # a pole, or x is nan or -inf
        return INF if odd and fraction == 0.0 else NAN
    # The sum over the poles on both sides, less those that are not x's (A&S 6.4.7 without its cotangent)
    left, right = _polygamma_size(n, 1.0 - fraction), _polygamma_size(n, fraction)
    both = left + right if odd else right - left
    if both != both:  # inf - inf: the nearer pole is the larger
        both = 0.0 if fraction == 0.5 else math.copysign(INF, 0.5 - fraction)
    return both if abs(both) == INF else both - _polygamma_size(n, 1.0 - x)


def _polygamma_size(n: float, x: float) -> float:
    """n! times the sum of (x + k)^-(n + 1), x > 0: some terms, then A&S 6.4.11, all in units of the first."""
    if not x < INF:
        return 0.0 if x == INF else x
    order = n + 1.0
    total, y = 0.0, x
    for _ in range(60):  # they shrink at least like e^-k, or y has passed n + 10
        if y >= n + 10.0:
            break
        term = (x / y) ** order
        total += term
        y += 1.0
        if term < 1e-17 * total:
            return _scaled_by_factorial(total, n, x)
    tail = y / n + 0.5
    rising, factor = order, order / y
    for coefficient in BERNOULLI_SERIES:
        tail += coefficient * factor
        factor *= (rising + 1.0) * (rising + 2.0) / (y * y)
        rising += 2.0
    return _scaled_by_factorial(total + (x / y) ** order * tail, n, x)


def _scaled_by_factorial(total: float, n: float, x: float) -> float:
    """total n! / x^(n + 1), over- and underflowing only where the result does."""
    if n > 170.0:
        return exp(lgamma(n + 1.0) - (n + 1.0) * math.log(x) + math.log(total))
    sum_part, sum_exponent = math.frexp(total)
    factorial_part, factorial_exponent = math.frexp(math.factorial(int(n)))
    base, base_exponent = math.frexp(x)
    exponent = sum_exponent + factorial_exponent - base_exponent * (int(n) + 1)
    try:
        return math.ldexp(sum_part * factorial_part * base ** -(n + 1.0), exponent)
    except OverflowError:
        return INF
