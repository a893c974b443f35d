/* How many digits each number is shown with, so that every printed equation can be checked (report/precision.py). */

const MOST_DIGITS = 17;
const MOST_ROUNDS = 40;
const MOST_PARTS = 4;
const MOST_OPERANDS = 8;

class Digits {
  constructor(run, base) {
    this.run = run;
    this.base = base;
    this.digits = new Map();
    this.texts = new Map();
    this.touched = new Set();
    this.visible = new Set(run.lines.flatMap((line, index) => (line.shown ? [index] : [])));
    if (base < MOST_DIGITS) this.settleAll();
  }

  /* The text of a number whose digits are settled; made once. */
  text(key, number, at = key) {
    if (!this.texts.has(at)) this.texts.set(at, printed(number, this.of(key)));
    return this.texts.get(at);
  }

  of(key) {
    return this.digits.get(key) ?? this.base;
  }

  value(index) {
    return this.text(`value ${index}`, this.run.values[index]);
  }

  cells(index) {
    return [this.value(index)];
  }

  numberCells(index) {
    return [this.number(index)];
  }

  partCells(flow) {
    return [this.part(flow)];
  }

  /* A literal stands in other lines with all its digits. */
  operand(index) {
    return this.isLiteral(index) ? shortest(this.run.values[index]) : this.value(index);
  }

  number(index) {
    const number = this.run.adjoints[index];
    return number === null ? "" : this.text(`number ${index}`, number);
  }

  local(flow) {
    return this.text(`local ${flow.source} ${flow.slot}`, flow.local);
  }

  part(flow) {
    return this.text(`part ${flow.source} ${flow.slot}`, flow.downstream);
  }

  downstream(flow) {
    return this.run.meeting(flow.target) === 1 ? this.number(flow.target) : this.part(flow);
  }

  total(index) {
    const total = added(this.run.arriving.get(index).map((flow) => flow.downstream));
    return this.text(`number ${index}`, total, `total ${index}`);
  }

  /* Settle every equation; then again those around each number that was given digits. */
  settleAll() {
    const users = new Map();
    for (const index of this.visible) {
      for (const operand of this.run.lines[index].from ?? []) push(users, operand, index);
    }
    let due = [...this.visible];
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.touched = new Set();
      due.sort((a, b) => b - a);
      for (const index of due) {
        this.settleValue(index);
        this.settleLocals(index);
      }
      for (const index of [...due].reverse()) this.settleArrivals(index);
      if (!this.touched.size) return;
      const near = new Set([...this.touched].flatMap((index) => [index, ...(users.get(index) ?? [])]));
      const around = [...near].flatMap((index) => [index, ...(this.run.lines[index].from ?? [])]);
      due = [...new Set(around)].filter((index) => this.visible.has(index));
    }
  }

  /* value = operation(values of the operands) */
  settleValue(index) {
    const operands = this.run.lines[index].from;
    if (!operands || operands.length > MOST_DIGITS) return;
    const slopes = this.run.localsOf(index).map((local) => Math.abs(local ?? 0));
    const again = operations[this.run.lines[index].op].value;
    const keys = operands.map((operand) => `value ${operand}`);
    this.settle(keys, this.run.operandsOf(index), slopes, operands, this.run.values[index], `value ${index}`, again);
  }

  /* local = rule(value of the line, values of the operands) */
  settleLocals(index) {
    const flows = this.run.leaving.get(index) ?? [];
    const operands = this.run.lines[index].from;
    if (!flows.length || this.run.operation(index).opens || operands.length > MOST_OPERANDS) return;
    const lines = [index, ...operands];
    const leaves = lines.map((line) => this.run.values[line]);
    for (const { slot, local } of flows) {
      if (word(local)) continue;
      const rule = (...given) => operations[this.run.lines[index].op].locals(...given)[slot];
      const slopes = leaves.map((_, place) => slope(rule, leaves, place));
      this.settle(lines.map((line) => `value ${line}`), leaves, slopes, lines, local, `local ${index} ${slot}`, rule);
    }
  }

  /* upstream × local = downstream for the flows that reach a line; its number is their sum. */
  settleArrivals(index) {
    const flows = this.run.arriving.get(index) ?? [];
    if (flows.length > 1 && flows.length <= MOST_PARTS) {
      const parts = flows.map((flow) => flow.downstream);
      const keys = flows.map((flow) => `part ${flow.source} ${flow.slot}`);
      const again = (...given) => added(given);
      const lines = flows.map((flow) => flow.source);
      this.settle(keys, parts, parts.map(() => 1), lines, this.run.adjoints[index], `number ${index}`, again);
    }
    for (const flow of flows) {
      if (this.visible.has(flow.source) && !flow.closed) this.settleProduct(flow, flows.length === 1);
    }
  }

  settleProduct({ source, target, slot, upstream, local, downstream }, alone) {
    const number = `number ${source}`;
    const factor = `local ${source} ${slot}`;
    const arrival = alone ? `number ${target}` : `part ${source} ${slot}`;
    const touch = () => this.touched.add(source).add(target);
    if (Math.abs(upstream) === 1 || Math.abs(local) === 1) {
      const other = Math.abs(local) === 1 ? number : factor;
      const most = Math.max(this.of(arrival), this.of(other));
      if (this.of(arrival) !== this.of(other)) touch();
      if (most > this.base) this.digits.set(arrival, most).set(other, most);
      return;
    }
    const digits = Math.max(alone ? this.of(arrival) : 0, this.of(`part ${source} ${slot}`));
    for (let round = 0; round < 2 * MOST_DIGITS; round++) {
      const u = rounded(upstream, this.of(number));
      const v = rounded(local, this.of(factor));
      if (misses(downstream, u * v, digits) <= 1 || (same(u, upstream) && same(v, local))) return;
      const worse = Math.abs(u - upstream) * Math.abs(local) >= Math.abs(v - local) * Math.abs(upstream);
      const key = same(v, local) || (!same(u, upstream) && worse) ? number : factor;
      this.digits.set(key, this.of(key) + 1);
      touch();
    }
  }

  /* Give digits to the operands until the equation holds as printed. `lines` are those of the operands. */
  settle(keys, numbers, slopes, lines, result, resultKey, again) {
    const literal = keys.map((key, place) => key.startsWith("value") && this.isLiteral(lines[place]));
    for (let round = 0; round < MOST_DIGITS * keys.length; round++) {
      const texts = numbers.map((x, place) => (literal[place] ? x : rounded(x, this.of(keys[place]))));
      if (misses(result, again(...texts), this.of(resultKey)) <= 1) return;
      let worst = 0;
      const errors = texts.map((text, place) => error(text, numbers[place], slopes[place]));
      errors.forEach((one, place) => {
        const [a, b] = errors[worst];
        if (one[0] > a || (one[0] === a && one[1] > b)) worst = place;
      });
      if (!(errors[worst][1] > 0)) return;
      this.digits.set(keys[worst], this.of(keys[worst]) + 1);
      this.touched.add(lines[worst]);
    }
  }

  isLiteral(index) {
    const line = this.run.lines[index];
    return line.op === undefined && !("of" in line) && !line.name;
  }
}

function same(a, b) {
  return a === b || (a !== a && b !== b);
}

/* How far off an equation is because of one printed operand, and relative to the operand. */
function error(text, number, slope) {
  if (text === number || number !== number) return [0, 0];
  const off = Math.abs(text - number);
  return [slope === slope ? off * slope : Infinity, off / (Math.abs(number) || 1)];
}

/* Roughly how much a rule reacts to one of its leaves. */
function slope(rule, leaves, place) {
  const step = 1e-6 * Math.max(Math.abs(leaves[place]), 1e-12);
  const moved = leaves.map((leaf, at) => (at === place ? leaf + step : leaf));
  const found = Math.abs(rule(...moved) - rule(...leaves)) / step;
  return word(found) ? 0 : found;
}
