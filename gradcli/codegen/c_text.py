"""Doubles read from text and written as text, as C: what numpy does in many passes, in one.

Reading is D. Lemire's product of 64 by 64 bits with a power of five (2021), and what that does not decide is left to
the caller; writing is R. Giulietti's Schubfach (2020), the shortest digits that read back, spelled as Python's repr has
them. The tables of powers come from the caller. Neither depends on a locale.
"""

from __future__ import annotations

READ, WRITE = "gradcli_read", "gradcli_write"
SMALLEST_READ, LARGEST_READ = -290, 290  # powers of ten whose products with 1 to 19 digits are normal doubles
SMALLEST_WRITTEN = -292
ODD_FIELDS = 5  # of a cell: row, column, begin, end, line; of a row of another width: row, -1, begin, cells, line
LONGEST = 24  # letters of a number

SOURCE = r"""
#include <float.h>
#if !defined(__SIZEOF_INT128__) || FLT_EVAL_METHOD != 0
#error "no whole numbers of 128 bits, or doubles that are not rounded to doubles"
#endif
typedef long long i64;
typedef unsigned long long u64;
typedef unsigned __int128 u128;
#define DIGIT(c) ((unsigned char)((c) - '0') < 10)

static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Whether the letters from p to end are a plain decimal number that is decided; it is put into *found. */
static inline int number(const char *p, const char *end, const u64 *fives, double *found) {
  const char *start = p;
  int negative = p < end && *p == '-';
  p += negative;
  u64 m = 0;
  const char *begin = p;
  while (p < end && DIGIT(*p)) m = m * 10 + (u64)(*p++ - '0');
  i64 digits = p - begin, power = 0;
  if (p < end && *p == '.') {
    begin = ++p;
    while (p < end && DIGIT(*p)) m = m * 10 + (u64)(*p++ - '0');
    power = -(p - begin);
    digits -= power;
  }
  if (digits > 19) {
    const char *first = negative ? start + 1 : start;
    while (first < p && (*first == '0' || *first == '.')) digits -= *first++ == '0';
    if (digits > 19) return 0;
  } else if (!digits) {
    if (end - start != 3 || (start[0] | 32) != 'n' || (start[1] | 32) != 'a' || (start[2] | 32) != 'n') return 0;
    *found = __builtin_nan("");
    return 1;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    int down = ++p < end && *p == '-';
    p += down || (p < end && *p == '+');
    i64 raised = 0;
    begin = p;
    while (p < end && DIGIT(*p) && p - begin < 8) raised = raised * 10 + (*p++ - '0');
    if (p == begin) return 0;
    power += down ? -raised : raised;
  }
  if (p != end || power < LEAST_POWER || power > MOST_POWER) return 0;
  double value;
  if (m <= (1ULL << 53) && power >= -22 && power <= 22)
    value = power < 0 ? (double)m / tens[-power] : (double)m * tens[power];
  else if (!m)
    value = 0.0;
  else {
    int zeros = __builtin_clzll(m);
    u128 product = (u128)(m << zeros) * fives[power - LEAST_POWER];
    u64 high = (u64)(product >> 64), low = (u64)product;
    int upper = (int)(high >> 63);
    u64 bits = high >> (upper + 9);
    if ((high & 0x1FF) == 0x1FF || (low <= 1 && (bits & 3) == 1)) return 0;
    bits += bits & 1;
    bits >>= 1;
    i64 exponent = ((217706 * power) >> 16) + 63 + 1023 + upper - zeros;
    bits = (bits - (1ULL << 52)) + ((u64)exponent << 52);
    exponent = (i64)(bits >> 52);
    if (exponent <= 0 || exponent >= 2046) return 0;
    __builtin_memcpy(&value, &bits, 8);
  }
  *found = negative ? -value : value;
  return 1;
}

/* Whole lines to columns: cell k of a row goes to out[places[k] * room + row], unless places[k] < 0. Says the number of
   rows; -1 where there are more odd cells than there is room for, or more rows. counts: odd cells, lines. */
i64 gradcli_read(const char *text, i64 length, int delimiter, int tabs, i64 width, const i64 *places, const u64 *fives,
                 double *out, i64 room, i64 *odd, i64 most, i64 *counts) {
  i64 row = 0, line = 0, odds = 0;
  for (const char *p = text, *stop = text + length; p < stop; line++) {
    const char *begin = p, *q = p;
    while (*q == ' ' || (*q == '\t' && !tabs)) q++;
    if (*q == '\n') { p = q + 1; continue; }
    if (row >= room) return -1;
    i64 column = 0, before = odds;
    for (;; column++) {
      const char *cell = p;
      while (*p != delimiter && *p != '\n') p++;
      i64 place = column < width ? places[column] : -1;
      if (place >= 0) {
        const char *from = cell, *to = p;
        while (from < to && *from == ' ') from++;
        while (from < to && to[-1] == ' ') to--;
        double *found = out + place * room + row;
        if (!number(from, to, fives, found)) {
          if (odds >= most) return -1;
          i64 *told = odd + 5 * odds++;
          told[0] = row, told[1] = column, told[2] = from - text, told[3] = to - text, told[4] = line;
          *found = 0.0;
        }
      }
      if (*p++ == '\n') break;
    }
    if (++column != width) {
      if ((odds = before) >= most) return -1;
      i64 *told = odd + 5 * odds++;
      told[0] = row, told[1] = -1, told[2] = begin - text, told[3] = column, told[4] = line;
    }
    row++;
  }
  counts[0] = odds, counts[1] = line;
  return row;
}

static inline u64 odd(u64 high, u64 low, u64 c) {
  u128 x = (u128)low * c, y = (u128)high * c;
  y += (u64)(x >> 64);
  return (u64)(y >> 64) | ((u64)y > 1);
}

static const char pairs[] =
  "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657"
  "5859606162636465666768697071727374757677787980818283848586878889909192939495969798999";

/* The text of a positive finite double; says its end. */
static inline char *spelled(u64 bits, char *to, const u64 *powers_high, const u64 *powers_low) {
  u64 fraction = bits & ((1ULL << 52) - 1);
  int biased = (int)(bits >> 52);
  u64 c = biased ? fraction | 1ULL << 52 : fraction;
  int q = (biased ? biased : 1) - 1075;
  int closer = !fraction && biased > 1;
  int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  int h = q + ((-k * 1741647) >> 19) + 1;
  u64 high = powers_high[-k - LEAST_WRITTEN], low = powers_low[-k - LEAST_WRITTEN];
  u64 below = odd(high, low, (4 * c - 2 + closer) << h), middle = odd(high, low, (4 * c) << h);
  u64 above = odd(high, low, (4 * c + 2) << h);
  below += c & 1;
  above -= c & 1;
  u64 s = middle / 4, digits;
  int exponent = k, done = 0;
  if (s >= 10) {
    u64 t = s / 10;
    int under = below <= 40 * t, over = 40 * t + 40 <= above;
    if (under != over) digits = t + over, exponent++, done = 1;
  }
  if (!done) {
    int under = below <= 4 * s, over = 4 * s + 4 <= above;
    if (under != over) digits = s + over;
    else digits = s + (middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1)));
  }
  while (digits % 10 == 0) digits /= 10, exponent++;
  char letters[24], *first = letters + 22;
  while (digits >= 100) first -= 2, __builtin_memcpy(first, pairs + 2 * (digits % 100), 2), digits /= 100;
  if (digits >= 10) first -= 2, __builtin_memcpy(first, pairs + 2 * digits, 2);
  else *--first = (char)('0' + digits);
  int count = (int)(letters + 22 - first), point = count + exponent;
  if (point > -4 && point < 17) {
    if (point <= 0) {
      *to++ = '0', *to++ = '.';
      for (int i = point; i < 0; i++) *to++ = '0';
      __builtin_memcpy(to, first, (u64)count);
      return to + count;
    }
    if (point < count) {
      __builtin_memcpy(to, first, (u64)point);
      to[point] = '.';
      __builtin_memcpy(to + point + 1, first + point, (u64)(count - point));
      return to + count + 1;
    }
    __builtin_memcpy(to, first, (u64)count);
    to += count;
    for (int i = count; i < point; i++) *to++ = '0';
    *to++ = '.', *to++ = '0';
    return to;
  }
  *to++ = *first;
  if (count > 1) {
    *to++ = '.';
    __builtin_memcpy(to, first + 1, (u64)(count - 1));
    to += count - 1;
  }
  int size = point - 1;
  *to++ = 'e';
  *to++ = size < 0 ? '-' : '+';
  if (size < 0) size = -size;
  if (size > 99) *to++ = (char)('0' + size / 100);
  *to++ = (char)('0' + size / 10 % 10);
  *to++ = (char)('0' + size % 10);
  return to;
}

/* Rows as text: before the number of a column stand the bytes from before[starts[k]] to before[starts[k + 1]], behind a
   row those from there on. words: nan, inf and -inf, from word_starts. Says how many bytes there are. */
i64 gradcli_write(const double *rows, i64 count, i64 columns, const char *before, const i64 *starts, const char *words,
                  const i64 *word_starts, const u64 *powers_high, const u64 *powers_low, char *to) {
  char *begin = to;
  for (i64 row = 0; row < count; row++) {
    for (i64 column = 0; column < columns; column++) {
      for (i64 i = starts[column]; i < starts[column + 1]; i++) *to++ = before[i];
      u64 bits, size;
      __builtin_memcpy(&bits, rows++, 8);
      size = bits & ~(1ULL << 63);
      if (size >= 0x7FFULL << 52) {
        int word = size > 0x7FFULL << 52 ? 0 : bits >> 63 ? 2 : 1;
        for (i64 i = word_starts[word]; i < word_starts[word + 1]; i++) *to++ = words[i];
        continue;
      }
      if (bits >> 63) *to++ = '-';
      if (size) to = spelled(size, to, powers_high, powers_low);
      else *to++ = '0', *to++ = '.', *to++ = '0';
    }
    for (i64 i = starts[columns]; i < starts[columns + 1]; i++) *to++ = before[i];
  }
  return to - begin;
}
"""


def source_text() -> str:
    """The whole C source."""
    return (
        f"#define LEAST_POWER ({SMALLEST_READ})\n#define MOST_POWER {LARGEST_READ}\n"
        f"#define LEAST_WRITTEN ({SMALLEST_WRITTEN})\n{SOURCE}"
    )
