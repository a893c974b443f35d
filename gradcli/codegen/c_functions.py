"""The functions in C that work on a block of rows: vectorised ones, and those of the C library row by row."""

from __future__ import annotations

from gradcli.codegen.c_cores import BLOCKS, CORES
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
