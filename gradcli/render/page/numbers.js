"use strict";
/* Numbers as Python prints them (text.py, report/rounding.py). */

const WHOLE_BELOW = 1e15;

/* The decimal digits and the exponent of |x|, rounded to `digits`, halves to even as Python does. */
function decimal(x, digits) {
  const [mantissa, exponent] = Math.abs(x).toExponential(digits - 1).split("e");
  const exact = Math.abs(x).toExponential(100);
  const all = exact.slice(0, exact.indexOf("e")).replace(".", "");
  const even = "02468".includes(all[digits - 1]);
  if (even && /^50*$/.test(all.slice(digits))) {
    return [all.slice(0, digits), Number(exact.slice(exact.indexOf("e") + 1))];
  }
  return [mantissa.replace(".", ""), Number(exponent)];
}

/* Digits with their point, or with an exponent, as %g has them; zeros at the end are left out. */
function laidOut(digits, exponent, most) {
  const kept = digits.replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= most) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${kept[0]}${kept.length > 1 ? "." + kept.slice(1) : ""}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${kept}`;
  const whole = kept.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return kept.length > exponent + 1 ? `${whole}.${kept.slice(exponent + 1)}` : whole;
}

function isNegative(x) {
  return x < 0 || Object.is(x, -0);
}

/* nan, inf, -inf; else null. */
function word(x) {
  return x !== x ? "nan" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : null;
}

/* The shortest text that reads back as the same double. */
function shortest(x) {
  const [mantissa, exponent] = Math.abs(x).toExponential().split("e");
  return word(x) ?? (isNegative(x) ? "-" : "") + laidOut(mantissa.replace(".", ""), Number(exponent), 16);
}

/* x rounded to significant digits; whole numbers below 1e15 in full, and -0 keeps its sign. */
function significant(x, digits) {
  if (word(x)) return word(x);
  if (Math.abs(x) < WHOLE_BELOW && Number.isInteger(x)) return shortest(x);
  return (isNegative(x) ? "-" : "") + laidOut(...decimal(x, digits), digits);
}

/* The text that is printed: with more digits where the largest numbers would round to one that reads as inf. */
function printed(x, digits) {
  let text = significant(x, digits);
  while (Math.abs(x) > 1e308 && !word(x) && word(Number(text))) text = significant(x, ++digits);
  return text;
}

/* The number that is printed. */
function rounded(x, digits) {
  return word(x) ? x : Number(printed(x, digits));
}

/* By how many units of its last printed digit `again`, recomputed from printed operands, misses a printed result. */
function misses(exact, again, digits) {
  if (word(exact) || word(again)) return word(exact) === word(again) ? 0 : Infinity;
  const text = rounded(exact, digits);
  const distance = Math.abs(again - text);
  if (distance === 0) return 0;
  if (text === 0) return Infinity;
  const exponent = Number(Math.abs(text).toExponential(16).split("e")[1]);
  const whole = Math.abs(text) < WHOLE_BELOW && Number.isInteger(text) ? exponent + 1 : 1;
  const unit = Number(`1e${exponent - Math.max(digits, whole) + 1}`) || 5e-324;
  return Math.max(distance - 1e-15 * Math.abs(text), 0) / unit;
}

/* The sum from left to right, as the sweep makes it. */
function added(parts) {
  return parts.reduce((total, part) => total + part, -0);
}

/* A number as it is read in a box: nothing but a number; null for anything else. */
function readNumber(text) {
  const plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/_/g, "x");
  const named = new Map([["nan", NaN], ["inf", Infinity], ["+inf", Infinity], ["-inf", -Infinity]]);
  if (named.has(plain.toLowerCase())) return named.get(plain.toLowerCase());
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) ? Number(plain) : null;
}
