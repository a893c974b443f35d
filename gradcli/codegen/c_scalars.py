"""Functions in C of one row that no C library has: the forwards of graph/real.py, step by step."""

from __future__ import annotations

from gradcli.graph import real

INFINITY = "__builtin_inf()"
NAN = '__builtin_nan("")'


def _series(numbers: tuple[float, ...]) -> str:
    return "{" + ", ".join(x.hex() for x in numbers) + "}"


SCALARS = {
    "mod": r"""
static double mod_of(double a, double b) {
  double rest_of_it = fmod(a, b);
  if (rest_of_it == 0.0) return __builtin_copysign(0.0, b);
  return (b < 0.0) != (rest_of_it < 0.0) ? rest_of_it + b : rest_of_it;
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
    "lgamma": r"""
static const double LGAMMA_SERIES[] = %(lgamma)s;
static double lgamma_from_2(double z) {
  double tail = 0.0;
  for (int k = sizeof LGAMMA_SERIES / sizeof *LGAMMA_SERIES - 1; k >= 0; k--) tail = LGAMMA_SERIES[k] - z * tail;
  return z * (0.42278433509846714 + z * tail);
}
static double lgamma_of(double x) {
  if (!(0.0 < x && x < 10.0)) return lgamma(x);
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
}  # fmt: skip
SCALARS["lgamma"] = SCALARS["lgamma"] % {"lgamma": _series(real.LGAMMA_SERIES)}
SCALARS["digamma"] = SCALARS["digamma"] % {"digamma": _series(real.DIGAMMA_SERIES)}
