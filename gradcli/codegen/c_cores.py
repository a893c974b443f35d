"""The vectorised functions in C: their cores, of one number without a branch, and the blocks of rows around them.

A core holds in a range that its block states; rows outside of it (nan, infinities, huge arguments) the C library
answers. They are made of operations that IEEE 754 rounds in one way, so a row has the same result wherever it stands.
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
    # The steps of fdlibm, which most C libraries take; so below. Copyright (C) 1993 by Sun Microsystems, Inc. All
    # rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and
    # distribute this software is freely granted, provided that this notice is preserved.
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
