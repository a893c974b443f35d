"""The functions in C that work on a block of rows: vectorised ones, and those of the C library row by row.

A vectorised function has a range where it is exact to 0.56 units in the last place, or goes the way of fdlibm step by
step; rows outside of it (nan, infinities, huge arguments) are answered by the C library. They are made of operations
that IEEE 754 rounds in one way, so a row has the same result wherever it stands.
"""

from __future__ import annotations

from gradcli.codegen.c_scalars import SCALARS, WITH
from gradcli.codegen.c_tables import constants, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

HEAD = r"""
#if __FLT_EVAL_METHOD__ != 0
#error floats are computed in more digits than they have
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FUSED
#endif
typedef unsigned long long u64;
typedef long long i64;
#define NOINLINE static __attribute__((noinline))
#define ALWAYS static inline __attribute__((always_inline))
#define ABS(x) __builtin_fabs(x)
#ifdef FUSED
#define PLUS(a, b, c) __builtin_fma(a, b, c)
#else
#define PLUS(a, b, c) ((a) * (b) + (c))
#endif
ALWAYS u64 bits(double x) { u64 u; __builtin_memcpy(&u, &x, 8); return u; }
ALWAYS double real(u64 u) { double x; __builtin_memcpy(&x, &u, 8); return x; }
ALWAYS double upper(double x) { return real(bits(x) & 0xfffffffff8000000ULL); }
/* what the product p of a and b was rounded by */
ALWAYS double rest(double a, double b, double p) {
#ifdef FUSED
  return __builtin_fma(a, b, -p);
#else
  double ah = upper(a), al = a - ah, bh = upper(b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}
#define EACH(name, f) \
  NOINLINE void block_##name(const double *restrict a, double *restrict y) \
  { for (int i = 0; i < ROWS; i++) y[i] = f(a[i]); }
#define EACH2(name, f) \
  NOINLINE void block_##name(const double *restrict a, const double *restrict b, double *restrict y) \
  { for (int i = 0; i < ROWS; i++) y[i] = f(a[i], b[i]); }
/* CORE where the argument is in the range, else F */
#define RANGED(name, in_range, core, f) \
  NOINLINE void block_##name(const double *restrict a, double *restrict y) { \
    i64 out = 0; \
    for (int i = 0; i < ROWS; i++) { double x = a[i]; out |= (in_range) ? 0 : 1; y[i] = core(x); } \
    if (out) for (int i = 0; i < ROWS; i++) { double x = a[i]; if (!(in_range)) y[i] = f(x); } \
  }
"""

CORES = {
    # The method and the coefficients of S. Nagy's exp in Arm's optimized-routines, which glibc has, too
    "exp": r"""
ALWAYS double exp_core(double x) {
  double shifted = PLUS(0x1.71547652b82fep7, x, 0x1.8p52), k = shifted - 0x1.8p52;
  u64 n = bits(shifted);
  double r = PLUS(k, -0x1.cf79abc9e3b39p-47, PLUS(k, -0x1.62e42fefa0000p-8, x)), z = r * r, t = EXP_TAIL[n & 127] + r;
  double scale = real(EXP_SCALE[n & 127] + (n << 45));
  t = PLUS(z, PLUS(r, 0x1.555555555543cp-3, 0x1.ffffffffffdbdp-2), t);
  t = PLUS(z * z, PLUS(r, 0x1.1111167a4d017p-7, 0x1.55555cf172b91p-5), t);
  return PLUS(scale, t, scale);
}""",
    # ln 2^k + log 1/inverse + log(1 + r), the larger parts without an error
    "log": r"""
ALWAYS double log_core(double x) {
  u64 u = bits(x) - 0x3fe6000000000000ULL + (1024ULL << 52), part = (u >> 45) & 127;
  double k = real((u >> 52) | 0x4330000000000000ULL) - (0x1p52 + 1024.0);
  double m = real((u & 0xfffffffffffffULL) + 0x3fe6000000000000ULL);
  double inverse = LOG_INVERSE[part], mh = upper(m), p = mh * inverse - 1.0, q = (m - mh) * inverse;
  double r = p + q, back = r - p, lost = (p - (r - back)) + (q - back);
  double w = k * LN2_UPPER + LOG_UPPER[part], y = w + r;
  lost = (w - y) + r + (k * LN2_LOWER + (LOG_LOWER[part] + lost));
  double s = PLUS(r, -0.1, 1.0 / 9);
  s = PLUS(r, PLUS(r, s, -0.125), 1.0 / 7);
  s = PLUS(r, PLUS(r, s, -1.0 / 6), 0.2);
  s = PLUS(r, PLUS(r, s, -0.25), 1.0 / 3);
  return y + (r * r * PLUS(r, s, -0.5) + lost);
}""",
    # The steps of fdlibm (Sun Microsystems, 1993), which most C libraries take; so below
    "log1p": r"""
ALWAYS double log1p_core(double x) {
  double u = 1.0 + x, exponent = real((bits(u) >> 52) | 0x4330000000000000ULL) - (0x1p52 + 1023.0);
  u64 head = (bits(u) >> 32) & 0xfffff, fraction = bits(u) & 0xfffffffffffffULL;
  double c = (exponent > 0.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;
  i64 up = head >= 0x6a09e, near = (x > -0x1.2bec4p-2) & (x < 0x1.a827ap-2);
  double m = real(fraction | (up ? 0x3fe0000000000000ULL : 0x3ff0000000000000ULL)), k = up ? exponent + 1.0 : exponent;
  i64 short_of = (up ? (0x100000 - head) >> 2 : head) == 0;
  double f = near ? x : m - 1.0, half = 0.5 * f * f, s = f / (2.0 + f), z = s * s, z2 = z * z, z4 = z2 * z2;
  double r = z * 0x1.5555555555593p-1 + z2 * (0x1.999999997fa04p-2 + z * 0x1.2492494229359p-2);
  r = r + z4 * (0x1.c71c51d8e78afp-3 + z * 0x1.7466496cb03dep-3);
  r = r + z4 * z2 * (0x1.39a09d078c69fp-3 + z * 0x1.2f112df3e5244p-3);
  double low = k * 0x1.a39ef35793c76p-33 + c, high = k * 0x1.62e42feep-1;
  double y = high - ((half - (s * (half + r) + low)) - f);
  y = short_of ? high - ((half * (1.0 - 0.66666666666666666 * f) - low) - f) : y;
  y = near ? f - (half - s * (half + r)) : y;
  return ABS(x) < 0x1p-29 ? x - x * x * 0.5 : y;
}""",
    # r + r^3/6 and 1 - r^2/2 in two parts each, the rest of Taylor's series behind them
    "sin_cos": r"""
ALWAYS void sin_cos_core(double x, double *sine, double *cosine) {
  double shifted = x * 0x1.45f306dc9c883p-1 + 0x1.8p52, k = shifted - 0x1.8p52;
  u64 n = bits(shifted);
  double t = x - k * HALF_PI_0, a = k * HALF_PI_1, s = t - a, back = s - t, e = (t - (s - back)) - (a + back);
  double b = k * HALF_PI_2, s2 = s - b, back2 = s2 - s, e2 = (s - (s2 - back2)) - (b + back2);
  double low = e + e2 - k * HALF_PI_3, r = s2 + low, lost = low - (r - s2);
  double z = r * r, zl = rest(r, r, z), w = z * r, wl = rest(z, r, w) + zl * r, third = w * -F3;
  double thirdl = rest(w, -F3, third) + (w * -0x1.5555555555555p-57 + wl * -F3);
  double z2 = z * z, p = PLUS(z, -F7, F5), q = PLUS(z, -F6, F4);
  p = PLUS(z2, PLUS(z2, PLUS(z2, F17, PLUS(z, -F15, F13)), PLUS(z, -F11, F9)), p) * (w * z);
  q = PLUS(z2, PLUS(z2, PLUS(z2, PLUS(z, -F18, F16), PLUS(z, -F14, F12)), PLUS(z, -F10, F8)), q) * z2;
  double sh = r + third, sl = third - (sh - r), sn = sh + (sl + (p + (thirdl + lost * (1.0 - 0.5 * z))));
  double half = 0.5 * z, ch = 1.0 - half, cl = (1.0 - ch) - half;
  double cs = ch + (q + (cl - (0.5 * zl + lost * sh)));
  double first = (n & 1) ? cs : sn, second = (n & 1) ? sn : cs;
  *sine = real(bits(x == 0.0 ? x : first) ^ ((n & 2) << 62));
  *cosine = real(bits(second) ^ (((n + 1) & 2) << 62));
}""",
    "expm1": r"""
ALWAYS double expm1_core(double given) {
  double shifted = given * 0x1.71547652b82fep+0 + 0x1.8p52, k = shifted - 0x1.8p52;
  u64 n = bits(shifted) << 52;
  double high = given - k * 0x1.62e42feep-1, low = k * 0x1.a39ef35793c76p-33, x = high - low, c = (high - x) - low;
  double half = 0.5 * x, z = x * half, z2 = z * z;
  double r = (1.0 + z * -0x1.11111111110f4p-5) + z2 * (0x1.a01a019fe5585p-10 + z * -0x1.4ce199eaadbb7p-14);
  r = r + z2 * z2 * (0x1.0cfca86e65239p-18 + z * -0x1.afdb76e09c32dp-23);
  double t = 3.0 - r * half, e = z * ((r - t) / (6.0 - x * t)), alone = x - (x * e - z);
  e = (x * (e - c) - c) - z;
  double scale = real(0x3ff0000000000000ULL + n), inverse = real(0x3ff0000000000000ULL - n);
  double y = k < 20.0 ? ((1.0 - inverse) - (e - x)) * scale : ((x - (e + inverse)) + 1.0) * scale;
  y = ((k <= -2.0) | (k > 56.0)) ? (1.0 - (e - x)) * scale - 1.0 : y;
  y = k == -1.0 ? 0.5 * (x - e) - 0.5 : y;
  y = k == 1.0 ? (x < -0.25 ? -2.0 * (e - (x + 0.5)) : 1.0 + 2.0 * (x - e)) : y;
  y = k == 0.0 ? alone : y;
  return ABS(given) < 0x1p-54 ? given : y;
}""",
    "tanh": r"""
ALWAYS double tanh_core(double x) {
  double size = ABS(x), near = size < 22.0 ? size : 22.0, t = expm1_core(size >= 1.0 ? 2.0 * near : -2.0 * near);
  double y = (size >= 1.0 ? 2.0 : t) / (t + 2.0);
  y = size >= 1.0 ? 1.0 - y : -y;
  y = size >= 22.0 ? 1.0 : y;
  return size < 0x1p-55 ? x : __builtin_copysign(y, x);
}""",
    "sinh": r"""
ALWAYS double sinh_core(double x) {
  double size = ABS(x), t = expm1_core(size), half = __builtin_copysign(0.5, x), part = t / (t + 1.0);
  double y = size < 1.0 ? half * (2.0 * t - t * t / (t + 1.0)) : half * (t + part);
  return size < 0x1p-28 ? x : y;
}""",
    "cosh": r"""
ALWAYS double cosh_core(double x) {
  double size = ABS(x), e = exp_core(size), far = size < 22.0 ? 0.5 * e + 0.5 / e : 0.5 * e, z = x * x;
  double s = PLUS(z, PLUS(z, F14, F12), F10);
  s = PLUS(z, PLUS(z, PLUS(z, s, F8), F6), F4);
  return size < 0x1.62e43p-2 ? 1.0 + z * PLUS(z, s, 0.5) : far;
}""",
    "silu": r"""
ALWAYS double silu_core(double x, double share) { return x * ((x >= 0.0 ? 1.0 : share) / (1.0 + share)); }""",
}

BLOCKS = {
    "exp": "RANGED(exp, ABS(x) < 512.0, exp_core, exp)",
    "log": "RANGED(log, (x >= 0x1p-1022) & (x < 0x1p1023), log_core, log)",
    "log1p": "RANGED(log1p, (x > -1.0) & (x < 0x1p53), log1p_core, log1p)",
    "expm1": "RANGED(expm1, ABS(x) < 700.0, expm1_core, expm1)",
    "tanh": "RANGED(tanh, x == x, tanh_core, tanh)",
    "sinh": "RANGED(sinh, ABS(x) < 22.0, sinh_core, sinh)",
    "cosh": "RANGED(cosh, ABS(x) < 512.0, cosh_core, cosh)",
    "sin_cos": r"""
#define NEAR (ABS(x) <= 400000.0)
NOINLINE void block_sin_cos(const double *restrict a, double *restrict y, double *restrict y1) {
  i64 out = 0;
  for (int i = 0; i < ROWS; i++) { double x = a[i]; out |= NEAR ? 0 : 1; sin_cos_core(x, y + i, y1 + i); }
  if (out) for (int i = 0; i < ROWS; i++) { double x = a[i]; if (!NEAR) { y[i] = sin(x); y1[i] = cos(x); } }
}""",
    "silu": r"""
NOINLINE void block_silu(const double *restrict a, const double *restrict b, double *restrict y) {
  i64 out = 0;
  for (int i = 0; i < ROWS; i++) { out |= a[i] > -700.0 ? 0 : 1; y[i] = silu_core(a[i], b[i]); }
  if (out) for (int i = 0; i < ROWS; i++) if (!(a[i] > -700.0)) y[i] = silu_far(a[i]);
}""",
}
NEEDS = {"tanh": ("expm1",), "sinh": ("expm1",), "cosh": ("exp",)}
TABLES = {"exp": ("EXP_TAIL", "EXP_SCALE"), "log": ("LOG_INVERSE", "LOG_UPPER", "LOG_LOWER")}
TWO_OPERANDS = frozenset(("pow", "atan2", "hypot", "mod", "polygamma"))


def functions_text(names: Iterable[str], *, vectors: Collection[str] = ()) -> str:
    """The C source of the block functions NAMES and of all they need.

    VECTORS are functions that the C library has for several numbers at once: they are called where it has them.
    """
    cores: list[str] = []
    blocks: list[str] = []
    scalars: list[str] = []
    for name in sorted(names):
        if name == "sin_cos" and {"sin", "cos"} <= {*vectors}:
            blocks.append(BOTH)
        elif name in vectors:
            blocks.append(f"EACH{'2' if name in TWO_OPERANDS else ''}({name}, {name})")
        elif name in BLOCKS:
            cores += [core for core in (*NEEDS.get(name, ()), name) if core not in cores]
            blocks.append(BLOCKS[name])
            scalars += ["silu_far"] * (name == "silu")
        elif name.startswith("power_"):
            blocks.append(_power_text(name))
        elif name.startswith("hypot_"):
            scalars.append("hypot_far")
            blocks.append(_hypot_text(int(name.rpartition("_")[2])))
        else:
            scalars += WITH.get(name, (name,))
            text = name if name not in SCALARS else f"{name}_of"
            blocks.append(f"EACH{'2' if name in TWO_OPERANDS else ''}({name}, {text})")
    several = [f'__attribute__((simd("notinbranch"), const)) {_prototype(name)};' for name in sorted(vectors)]
    found = [HEAD.strip("\n"), *several, *(f"{_prototype(name)};" for name in LIBRARY if name not in vectors)]
    wanted = [core for core in CORES if core in cores]
    for core in wanted:
        for table in TABLES.get(core, ()):
            kind = "u64" if table.endswith("SCALE") else "double"
            found.append(f"static const {kind} {table}[128] = {{{', '.join(tables()[table])}}};")
    found += [f"#define {name} {value}" for name, value in constants().items()] if wanted else []
    found += [CORES[core].strip("\n") for core in wanted]
    found += [SCALARS[name].strip("\n") for name in SCALARS if name in scalars]
    return "\n".join([*found, *(block.strip("\n") for block in blocks)])


def _power_text(name: str) -> str:
    """x^n for a whole n by products in two parts each."""
    minus, n = "minus" in name, int(name.rpartition("_")[2])
    steps = []
    for digit in bin(n)[3:]:
        steps.append("p = h * h; e = rest(h, h, p) + 2.0 * (h * l); h = p + e; l = e - (h - p);")
        if digit == "1":
            steps.append("p = h * x; e = rest(h, x, p) + l * x; h = p + e; l = e - (h - p);")
    if minus:
        steps.append("p = 1.0 / h; e = h * p; h = p + p * (((1.0 - e) - rest(h, p, e)) - l * p); l = 0.0;")
    bound, signed = 800 // n, -n if minus else n
    return (
        f"ALWAYS double {name}_core(double x) {{ double h = x, l = 0.0, p, e; {' '.join(steps)} return h + l; }}\n"
        f"#define FAR_{name}(x) pow(x, {signed}.0)\n"
        f"RANGED({name}, (ABS(x) < 0x1p{bound}) & (ABS(x) > 0x1p-{bound}), {name}_core, FAR_{name})"
    )


def _hypot_text(count: int) -> str:
    """The root of the sum of the squares in two parts; rows whose squares leave the floats one by one."""
    names = [f"x{k}" for k in range(count)]
    sums = "".join(
        f" p = {x} * {x}; t = s + p; back = t - s; l += (s - (t - back)) + (p - back) + rest({x}, {x}, p); s = t;"
        for x in names[1:]
    )
    largest = [f"largest = ABS({x}) > largest ? ABS({x}) : largest;" for x in names]
    reads = ", ".join(f"{x} = {x}_[i]" for x in names)
    safe = " & ".join(["(largest > 0x1p-450)", *(f"(ABS({x}) < 0x1p450)" for x in names)])
    return "\n".join([
        f"NOINLINE void block_hypot_{count}({', '.join(f'const double *restrict {x}_' for x in names)}, "
        "double *restrict y) {",
        "  i64 out = 0;",
        "  for (int i = 0; i < ROWS; i++) {",
        f"    double {reads}, largest = 0.0, s = x0 * x0, l = rest(x0, x0, s), p, t, back;",
        *(f"    {line}" for line in largest),
        f"   {sums}",
        "    double h = s + l;",
        "    l = l - (h - s);",
        "    double root = __builtin_sqrt(h), square = root * root;",
        "    y[i] = root + (((h - square) - rest(root, root, square)) + l) / (2.0 * root);",
        f"    out |= ({safe}) ? 0 : 1;",
        "  }",
        f"  if (out) for (int i = 0; i < ROWS; i++) {{ double {reads}, largest = 0.0;",
        *(f"    {line}" for line in largest),
        f"    if (!({safe})) {{ double xs[] = {{{', '.join(names)}}}; y[i] = hypot_far({count}, xs, largest); }}",
        "  }", "}",
    ])  # fmt: skip


def _prototype(name: str) -> str:
    return f"double {name}({'double, double' if name in ('pow', 'fmod', 'hypot', 'atan2') else 'double'})"


LIBRARY = (
    "exp", "expm1", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "pow", "fmod", "hypot", "atan2",
)  # fmt: skip
BOTH = r"""
NOINLINE void block_sin_cos(const double *restrict a, double *restrict y, double *restrict y1) {
  for (int i = 0; i < ROWS; i++) y[i] = sin(a[i]);
  for (int i = 0; i < ROWS; i++) y1[i] = cos(a[i]);
}"""
