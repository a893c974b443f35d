"""Functions in C of one row that no C library has: the forwards of graph/real.py, step by step."""

from __future__ import annotations

from math import factorial

from gradcli.graph import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def _series(numbers: Sequence[float]) -> str:
    return "{" + ", ".join(x.hex() for x in numbers) + "}"


# The coefficients of Lanczos's sum for N = 13 and g = 6.024680040776729583740234375, from Boost, as Python has them
LANCZOS_OVER = (
    23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
)  # fmt: skip
LANCZOS_UNDER = (
    0.0, 39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0, 2637558.0, 357423.0, 32670.0,
    1925.0, 66.0, 1.0,
)  # fmt: skip

SCALARS = {
    "mod": r"""
static double mod_of(double a, double b) {
  double rest_of_it = fmod(a, b);
  if (rest_of_it == 0.0) return __builtin_copysign(0.0, b);
  return (b < 0.0) != (rest_of_it < 0.0) ? rest_of_it + b : rest_of_it;
}""",
    "hypot_far": r"""
static double hypot_far(int count, const double *xs, double largest) {
  double nan = 0.0;
  for (int k = 0; k < count; k++) if (__builtin_fabs(xs[k]) == __builtin_inf()) return __builtin_inf();
  for (int k = 0; k < count; k++) if (xs[k] != xs[k]) nan = xs[k];
  if (nan != nan) return nan;
  double scale = largest > 1.0 ? 0x1p-600 : 0x1p600, found = xs[0] * scale;
  for (int k = 1; k < count; k++) found = hypot(found, xs[k] * scale);
  return found * (largest > 1.0 ? 0x1p600 : 0x1p-600);
}""",
    "silu_far": r"""
static double silu_far(double x) {
  if (x < -800.0) return -0.0;
  return x * exp(x + 64.0) * 0x1.969d47321e4ccp-93;
}""",
    "gelu": r"""
static double gelu_of(double x) {
  if (!(x < -1.0)) return 0.5 * x * erfc(-0.7071067811865476 * x);
  if (x < -40.0) return -0.0;
  double scaled = 134217729.0 * x, high = scaled - (scaled - x), low = x - high;
  if (x > -5.0) {
    double near = -0.7071067690849304 * high, step = -1.210161710447897e-08 * high - 0.7071067811865476 * low;
    return 0.5 * x * (erfc(near) - 1.1283791670955126 * step * exp(-near * (near + step)));
  }
  double mills = -x;
  for (int k = 24; k > 0; k--) mills = k / mills - x;
  double root = exp(-0.25 * high * high);
  return 0.3989422804014327 * x / mills * exp(-0.5 * low * (x + high)) * root * root;
}""",
    # Python's own where real.lgamma asks it
    "lgamma": r"""
static const double LANCZOS_OVER[13] = %(over)s, LANCZOS_UNDER[13] = %(under)s;
static double lanczos_sum(double x) {
  double over = 0.0, under = 0.0;
  for (int k = 0; k < 13; k++) {
    int i = x < 5.0 ? 12 - k : k;
    over = (x < 5.0 ? over * x : over / x) + LANCZOS_OVER[i];
    under = (x < 5.0 ? under * x : under / x) + LANCZOS_UNDER[i];
  }
  return over / under;
}
static double sine_of_pi(double x) {
  double pi = 0x1.921fb54442d18p+1, y = fmod(x, 2.0);
  switch ((int)__builtin_floor(2.0 * y + 0.5)) {
    case 0: return sin(pi * y);
    case 1: return cos(pi * (y - 0.5));
    case 2: return sin(pi * (1.0 - y));
    case 3: return -cos(pi * (y - 1.5));
    default: return sin(pi * (y - 2.0));
  }
}
static double lgamma_far(double x) {
  if (x != x) return x;
  if (x - x != 0.0) return __builtin_inf();
  if (x <= 0.0 && __builtin_floor(x) == x) return __builtin_inf();
  double size = __builtin_fabs(x);
  if (size < 1e-20) return -log(size);
  double y = log(lanczos_sum(size)) - 6.024680040776729583740234375;
  y += (size - 0.5) * (log(size + 6.024680040776729583740234375 - 0.5) - 1.0);
  if (x < 0.0) y = 1.144729885849400174143427351353058711647 - log(__builtin_fabs(sine_of_pi(size))) - log(size) - y;
  return y;
}
static const double LGAMMA_SERIES[] = %(lgamma)s;
static double lgamma_from_2(double z) {
  double tail = 0.0;
  for (int k = sizeof LGAMMA_SERIES / sizeof *LGAMMA_SERIES - 1; k >= 0; k--) tail = LGAMMA_SERIES[k] - z * tail;
  return z * (0.42278433509846714 + z * tail);
}
static double lgamma_of(double x) {
  if (!(0.0 < x && x < 10.0)) return lgamma_far(x);
  if (x < 0.5) return lgamma_from_2(x) - log(x * (1.0 + x));
  if (x < 1.5) return lgamma_from_2(x - 1.0) - log(x);
  double product = 1.0;
  while (x > 2.5) { x -= 1.0; product *= x; }
  return log(product) + lgamma_from_2(x - 2.0);
}""",
    "digamma": r"""
static const double DIGAMMA_SERIES[] = %(digamma)s;
static double digamma_right(double x) {
  if (1.22 < x && x < 1.72) {
    double distance = (x - 1.4616321449683622) - 9.549995429965697e-17, total = 0.0;
    for (int k = sizeof DIGAMMA_SERIES / sizeof *DIGAMMA_SERIES - 1; k >= 0; k--)
      total = total * distance + DIGAMMA_SERIES[k];
    return total * distance;
  }
  double below = 0.0;
  while (x < 10.0) { below += 1.0 / x; x += 1.0; }
  double z = 1.0 / (x * x);
  double tail = z * (1 / 12.0 - z * (1 / 120.0 - z * (1 / 252.0 - z * (1 / 240.0
    - z * (1 / 132.0 - z * (691 / 32760.0 - z / 12.0))))));
  return log(x) - 0.5 / x - tail - below;
}
static double digamma_of(double x) {
  if (!(x <= 0.0)) return digamma_right(x);
  if (x == 0.0) return __builtin_copysign(__builtin_inf(), -x);
  double fraction = fmod(-x, 1.0);
  if (!(fraction > 0.0)) return __builtin_nan("");
  return digamma_right(1.0 - x)
    + 0x1.921fb54442d18p+1 / tan(0x1.921fb54442d18p+1 * (fraction < 0.5 ? fraction : fraction - 1.0));
}""",
    "polygamma": r"""
static const double FACTORIALS[171] = %(factorials)s, BERNOULLI_SERIES[] = %(bernoulli)s;
double frexp(double, int *), ldexp(double, int);
static double scaled_by_factorial(double total, double n, double x) {
  if (n > 170.0) return exp(lgamma_of(n + 1.0) - (n + 1.0) * log(x) + log(total));
  int sum_exponent, factorial_exponent, base_exponent;
  double sum_part = frexp(total, &sum_exponent), factorial_part = frexp(FACTORIALS[(int)n], &factorial_exponent);
  double base = frexp(x, &base_exponent);
  int exponent = sum_exponent + factorial_exponent - base_exponent * ((int)n + 1);
  return ldexp(sum_part * factorial_part * pow(base, -(n + 1.0)), exponent);
}
static double polygamma_size(double n, double x) {
  if (!(x < __builtin_inf())) return x == __builtin_inf() ? 0.0 : x;
  double order = n + 1.0, total = 0.0, y = x;
  for (int k = 0; k < 60 && !(y >= n + 10.0); k++) {
    double term = pow(x / y, order);
    total += term;
    y += 1.0;
    if (term < 1e-17 * total) return scaled_by_factorial(total, n, x);
  }
  double tail = y / n + 0.5, rising = order, factor = order / y;
  for (unsigned k = 0; k < sizeof BERNOULLI_SERIES / sizeof *BERNOULLI_SERIES; k++) {
    tail += BERNOULLI_SERIES[k] * factor;
    factor *= (rising + 1.0) * (rising + 2.0) / (y * y);
    rising += 2.0;
  }
  return scaled_by_factorial(total + pow(x / y, order) * tail, n, x);
}
static double polygamma_of(double n, double x) {
  double nan = __builtin_nan(""), infinity = __builtin_inf();
  if (n == 0.0) return digamma_of(x);
  if (!(n > 0.0) || fmod(n, 1.0) != 0.0) return nan;
  int odd = fmod(n, 2.0) == 1.0;
  if (x > 0.0) return odd ? polygamma_size(n, x) : -polygamma_size(n, x);
  if (x == 0.0) return odd ? infinity : __builtin_copysign(infinity, -x);
  double fraction = fmod(-x, 1.0);
  if (!(fraction > 0.0)) return odd && fraction == 0.0 ? infinity : nan;
  double left = polygamma_size(n, 1.0 - fraction), right = polygamma_size(n, fraction);
  double both = odd ? left + right : right - left;
  if (both != both) both = fraction == 0.5 ? 0.0 : __builtin_copysign(infinity, 0.5 - fraction);
  return __builtin_fabs(both) == infinity ? both : both - polygamma_size(n, 1.0 - x);
}""",
}  # fmt: skip
WITH = {"polygamma": ("lgamma", "digamma", "polygamma")}  # what a function stands on, itself last
SCALARS["lgamma"] = SCALARS["lgamma"] % {
    "lgamma": _series(real.LGAMMA_SERIES), "over": _series(LANCZOS_OVER), "under": _series(LANCZOS_UNDER)
}  # fmt: skip
SCALARS["polygamma"] = SCALARS["polygamma"] % {
    "factorials": _series([float(factorial(n)) for n in range(171)]), "bernoulli": _series(real.BERNOULLI_SERIES)
}  # fmt: skip
SCALARS["digamma"] = SCALARS["digamma"] % {"digamma": _series(real.DIGAMMA_SERIES)}
