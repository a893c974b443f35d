/* What Math lacks, over doubles: IEEE results, nothing throws. The same formulas as graph/real.py. */

/* x^y by the rules of C99 pow, which differ from JavaScript's where x is 1 or -1. */
function power(x, y) {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : Math.pow(x, y);
}

function square(x) {
  return x * x;
}

/* The remainder of the floored quotient, with the sign of b. */
function mod(a, b) {
  const rest = a % b;
  if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function sign(x) {
  return x > 0 ? 1 : x < 0 ? -1 : x + 0;
}

/* The nearest whole number, halves to the even one. From 2^52 on every double is whole. */
function rint(x) {
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const whole = Math.abs(x) + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -whole : whole;
}

/* x log(y), and 0 where x is 0 unless y is nan. */
function xlogy(x, y) {
  return x === 0 && y === y ? 0 : x * Math.log(y);
}

/* Without the overflow and underflow of a plain sum of squares; inf wins over nan. */
function hypot(...xs) {
  return Math.hypot(...xs);
}

function clip(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

function relu(x) {
  return x <= 0 ? 0 : x;
}

function leakyRelu(x, slope) {
  return x > 0 ? x : slope * x;
}

function elu(x, scale) {
  return x > 0 ? x : scale * Math.expm1(x);
}

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const share = Math.exp(x);
  return share / (1 + share);
}

function softplus(x) {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

function logsigmoid(x) {
  return -softplus(-x);
}

/* x / (1 + |x|), and its limits at the infinities. */
function softsign(x) {
  const y = x / (1 + Math.abs(x));
  return y === y || x !== x ? y : x > 0 ? 1 : -1;
}

/* x sigmoid(x), and its limit at -inf; exp(-64) last, since exp(x) alone would be subnormal. */
function silu(x) {
  if (x > -700) return x * sigmoid(x);
  if (x < -800) return -0;
  return x * Math.exp(x + 64) * 1.603810890548638e-28;
}

/* x Phi(x) with the exact normal distribution, and its limit at -inf. */
function gelu(x) {
  if (!(x < -3)) return 0.5 * x * erfc(-0.7071067811865476 * x);
  if (x < -40) return -0;
  const scaled = 134217729 * x; // Dekker's split: products of the upper half are exact
  const upper = scaled - (scaled - x);
  const lower = x - upper;
  let mills = -x; // A&S 26.2.14
  for (let k = 60; k > 0; k--) mills = k / mills - x;
  const root = Math.exp(-0.25 * upper * upper); // phi as a product of two: only the last may be subnormal
  return 0.3989422804014327 * (x / mills) * Math.exp(-0.5 * lower * (x + upper)) * root * root;
}

/* log(sum(exp(x))) without overflow, the far smaller operands not lost. */
function logaddexp(...xs) {
  const largest = Math.max(...xs);
  if (!(-Infinity < largest && largest < Infinity)) return largest;
  const first = xs.indexOf(largest);
  let rest = 0;
  xs.forEach((x, place) => {
    if (place !== first) rest += Math.exp(x - largest);
  });
  return largest + Math.log1p(rest);
}

/* The share of x, exp(x) / (exp(x) + sum(exp(others))), and its limit where one operand is inf. */
function softmax(x, ...others) {
  const largest = Math.max(x, ...others);
  if (largest === Infinity) {
    const infinite = [x, ...others].filter((one) => one === Infinity).length;
    return infinite > 1 ? NaN : x === Infinity ? 1 : 0;
  }
  const distance = x - largest;
  if (distance < -750) return 0;
  let total = Math.exp(distance);
  for (const other of others) total += Math.exp(other - largest);
  const back = x - distance; // Knuth's two-sum: what the subtraction rounded off, which exp would multiply
  const lost = x - (distance + back) + (back - largest);
  return (Math.exp(distance) * (1 + lost)) / total;
}

/* A&S 7.1.6, a sum of positive terms. */
function erf(x) {
  const size = Math.abs(x);
  if (size >= 2) return x < 0 ? erfc(size) - 1 : 1 - erfc(size);
  let term = 1.1283791670955126 * x * Math.exp(-x * x);
  let total = term;
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return total;
}

/* 1 - erf(x); from 2 on A&S 7.1.14, exp(-x^2) as a product whose exponents are exact. */
function erfc(x) {
  if (x !== x) return x;
  if (x < 2) return 1 - erf(x);
  if (x > 28) return 0;
  const upper = Math.fround(x);
  const bell = Math.exp(-upper * upper) * Math.exp(-(x - upper) * (x + upper));
  let below = x;
  for (let k = 120; k > 0; k--) below = x + k / 2 / below;
  return (bell * 0.5641895835477563) / below; // 1/sqrt(pi)
}

/* log|Gamma(x)|, with all digits at its zeros 1 and 2. */
function lgamma(x) {
  if (x !== x) return x;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    const beside = -x - Math.floor(-x); // of two equal sizes of sin, the one without rounding
    const sine = Math.sin(Math.PI * (beside < 0.5 ? beside : 1 - beside));
    return Math.log(Math.PI) - Math.log(sine) - Math.log(-x) - lgamma(-x);
  }
  if (x < 0.5) return lgammaFrom2(x) - Math.log(x * (1 + x));
  if (x < 1.5) return lgammaFrom2(x - 1) - Math.log(x);
  if (x < 10) {
    let product = 1;
    while (x > 2.5) {
      x -= 1;
      product *= x;
    }
    return Math.log(product) + lgammaFrom2(x - 2);
  }
  const z = 1 / (x * x); // Stirling's series, A&S 6.1.40
  const tail = 1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - (z * 691) / 360360))));
  return (x - 0.5) * (Math.log(x) - 1) + 0.4189385332046727 + tail / x;
}

/* log Gamma(2 + z) for |z| <= 0.5 (A&S 6.1.33). */
function lgammaFrom2(z) {
  return z * (0.42278433509846714 + z * LGAMMA_SERIES.reduceRight((tail, coefficient) => coefficient - z * tail, 0));
}

/* (zeta(k) - 1) / k for k = 2, 3, ... */
const LGAMMA_SERIES = [
  0.3224670334241132, 0.0673523010531981, 0.020580808427784546, 0.007385551028673986, 0.0028905103307415234,
  0.001192753911703261, 0.0005096695247430425, 0.00022315475845357939, 9.945751278180853e-5, 4.492623673813314e-5,
  2.050721277567069e-5, 9.439488275268397e-6, 4.374866789907488e-6, 2.039215753801366e-6, 9.55141213040742e-7,
  4.492469198764566e-7, 2.1207184805554665e-7, 1.0043224823968099e-7, 4.7698101693639804e-8, 2.2711094608943164e-8,
  1.0838659214896955e-8, 5.183475041970047e-9, 2.4836745438024785e-9, 1.1921401405860912e-9,
];

function digamma(x) {
  if (x > 0 || x !== x) return digammaRight(x);
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  const fraction = -x - Math.floor(-x);
  if (!(fraction > 0)) return NaN;
  return digammaRight(1 - x) + Math.PI / Math.tan(Math.PI * (fraction < 0.5 ? fraction : fraction - 1));
}

/* digamma for x > 0. */
function digammaRight(x) {
  if (1.22 < x && x < 1.72) {
    const distance = x - 1.4616321449683622 - 9.549995429965697e-17;
    return distance * DIGAMMA_SERIES.reduceRight((total, coefficient) => total * distance + coefficient, 0);
  }
  let below = 0;
  while (x < 10) {
    below += 1 / x;
    x += 1;
  }
  const z = 1 / (x * x); // A&S 6.3.18
  const inner = 1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12));
  return Math.log(x) - 0.5 / x - z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * inner))) - below;
}

/* polygamma(k, r) / k! for k = 1, 2, ... at the zero r of digamma. */
const DIGAMMA_SERIES = [
  0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652, 0.10782405069126237,
  -0.07219956125645471, 0.04880428816414311, -0.03316112647484736, 0.022597648232218104, -0.01542476590494896,
  0.010538791616612175, -0.007204534386356869, 0.004926781395729853, -0.003369801655439328, 0.002305126326734928,
  -0.0015769367714301972, 0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077,
  0.00023635601564027053, -0.00016170622091974803,
];

/* The n-th derivative of digamma; at a pole its limit, nan where the sides differ. */
function polygamma(n, x) {
  if (n === 0) return digamma(x);
  if (!(n > 0) || n % 1 !== 0) return NaN;
  const odd = n % 2 === 1;
  if (x > 0) return odd ? polygammaSize(n, x) : -polygammaSize(n, x);
  if (x === 0) return odd || Object.is(x, -0) ? Infinity : -Infinity;
  const fraction = -x - Math.floor(-x);
  if (!(fraction > 0)) return odd && fraction === 0 ? Infinity : NaN;
  const left = polygammaSize(n, 1 - fraction); // the poles on both sides, less those that are not x's
  const right = polygammaSize(n, fraction);
  let both = odd ? left + right : right - left;
  if (both !== both) both = fraction === 0.5 ? 0 : fraction < 0.5 ? Infinity : -Infinity;
  return Math.abs(both) === Infinity ? both : both - polygammaSize(n, 1 - x);
}

/* n! times the sum of (x + k)^-(n + 1), x > 0: some terms, then A&S 6.4.11, all in units of the first. */
function polygammaSize(n, x) {
  if (!(x < Infinity)) return x === Infinity ? 0 : x;
  const order = n + 1;
  let total = 0;
  let y = x;
  for (let k = 0; k < 60 && y < n + 10; k++) {
    const term = Math.pow(x / y, order);
    total += term;
    y += 1;
    if (term < 1e-17 * total) return timesFactorial(total, n, x);
  }
  let tail = y / n + 0.5;
  let rising = order;
  let factor = order / y;
  for (const coefficient of BERNOULLI_SERIES) {
    tail += coefficient * factor;
    factor *= ((rising + 1) * (rising + 2)) / (y * y);
    rising += 2;
  }
  return timesFactorial(total + Math.pow(x / y, order) * tail, n, x);
}

/* B_2k / (2k)! for k = 1, 2, ... */
const BERNOULLI_SERIES = [
  0.08333333333333333, -0.001388888888888889, 3.306878306878307e-5, -8.267195767195768e-7, 2.08767569878681e-8,
  -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
  -2.174868698558062e-16, 5.5090028283602295e-18,
];

/* total n! / x^(n + 1), over- and underflowing only where the result does. */
function timesFactorial(total, n, x) {
  if (n > 170) return Math.exp(lgamma(n + 1) - (n + 1) * Math.log(x) + Math.log(total));
  let product = total / x;
  let above = n; // the factors k / x, the large and the small ones in turn
  let below = 1;
  while (below <= above) product *= Math.abs(product) < 1 ? above-- / x : below++ / x;
  return product;
}
