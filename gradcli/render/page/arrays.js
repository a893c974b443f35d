/* A program of arrays at a point: every array as a list of numbers beside its shape, computed number by number. */

const MOST_IN_LINE = 16;

class ArrayRun extends Run {
  evaluated(point) {
    const { tape, snapshot } = this.program;
    const read = (numbers) => numbers && numbers.map(asNumber);
    if (!tape) {
      this.numbers = null;
      return snapshot.values.map(read);
    }
    this.numbers = [];
    for (const line of tape.lines) {
      if (Array.isArray(line)) {
        const [op, ...operands] = line;
        this.numbers.push(operations[op].value(...operands.map((operand) => this.numbers[operand])));
      } else if (line !== null && typeof line === "object") {
        this.numbers.push(elementOf(point[line.of], line.at, this.shapeOf(line.of)));
      } else {
        this.numbers.push(asNumber(line));
      }
    }
    return tape.values.map((lines) => this.at(lines));
  }

  at(lines) {
    return lines && lines.map((line) => this.numbers[line]);
  }

  shapeOf(name) {
    return this.lines.find(({ of }) => of === name).shape;
  }

  pullBack() {
    const { tape, snapshot, flows } = this.program;
    const numbers = tape ?? snapshot;
    const read = tape ? (lines) => this.at(lines) : (found) => found && found.map(asNumber);
    this.adjoints = numbers.adjoints.map((found) => read(found));
    this.closed = tape ? tape.open.map((open) => this.isClosed(open)) : snapshot.closed;
    flows.forEach(({ edge: [source, target, slot], localShape, ...rest }, place) => {
      const found = numbers.flows[place];
      const [upstream, local, downstream] = [found[0], found[1], found.at(-1)].map((one) => read(one));
      const shape = tape && found[1] ? found[2] : localShape;
      const flow = { place, source, target, slot, upstream, local, downstream, localShape: shape, ...rest };
      this.flows.push(flow);
      push(this.leaving, source, flow);
      push(this.arriving, target, flow);
    });
  }

  isClosed(open) {
    return Array.isArray(open) ? this.at(open).every((one) => one === 0) : open === false;
  }

  operation(index) {
    return this.lines[index].op;
  }

  hasNan(index) {
    return this.values[index].some((one) => one !== one);
  }

  /* The word of the line; of a gate with one live operand, how many of its elements it blocks. */
  gate(index) {
    const line = this.lines[index];
    const flows = this.leaving.get(index) ?? [];
    if (line.op === undefined || line.added || !flows.length || this.closed[index]) return super.gate(index);
    const { shown, verbs, opens, kind } = line.op;
    if (opens && kind === "reduces") return verbs[0];
    const [{ local, localShape }] = flows;
    if (opens && localShape.length && (flows.length === 1 || shown === "relu")) {
      const blocked = local.filter((share) => share === 0).length;
      if (blocked) return blocked === local.length ? `blocks all ${blocked}` : `blocks ${blocked} of ${local.length}`;
      return local.every((share) => share === 1) ? "passes" : "shares";
    }
    if (opens && flows.length === 1 && local.length === 1) {
      return local[0] === 0 ? "blocks" : local[0] === 1 ? "passes" : "shares";
    }
    if (line.op.name === "sub" && flows.length === 1) return flows[0].slot === 0 ? "passes" : "flips";
    if (opens && flows.length === 1) return "shares";
    return line.op.name === "same" || flows.length > 1 ? verbs[0] : verbs[1];
  }

  /* Which elements are 0 because a gate is closed. */
  cut(flow) {
    if (flow.carried) return [];
    const plain = this.product(flow, flow.upstream, flow.local);
    return flow.downstream.map((one, at) => one === 0 && plain[at] !== 0);
  }

  cutOff(flow) {
    const cut = this.cut(flow);
    return cut.some(Boolean) ? (cut.every(Boolean) ? "closed" : "closed in part") : "";
  }

  formula(flow) {
    return flow.text;
  }

  /* upstream × local, element by element, repeated or added up to the shape of the target. */
  product({ target, upstreamShape, localShape }, upstream, local) {
    return times(upstream, upstreamShape, local, localShape, this.lines[target].shape);
  }
}

Run.prototype.hasNan = function hasNan(index) {
  return this.values[index] !== this.values[index];
};

function elementOf(value, place, shape) {
  if (!Array.isArray(value)) return value;
  return value[place.reduce((at, step, axis) => at * shape[axis] + step, 0)];
}

function sizeOf(shape) {
  return shape.reduce((size, length) => size * length, 1);
}

/* The shape in which two meet. */
function meeting(one, other) {
  const rank = Math.max(one.length, other.length);
  const at = (shape, axis) => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => (at(one, axis) === 1 ? at(other, axis) : at(one, axis)));
}

/* Where the element at `place` of an array of shape `have` stands in one of `shape`, repeated along axes of length 1. */
function indexIn(place, have, shape) {
  let found = 0;
  let left = place;
  let stride = sizeOf(shape);
  const digits = [...have].reverse().map((length) => {
    const digit = left % length;
    left = Math.floor(left / length);
    return digit;
  });
  digits.reverse();
  shape.forEach((length, axis) => {
    stride /= length;
    const digit = digits[axis - shape.length + have.length] ?? 0;
    if (length !== 1) found += digit * stride;
  });
  return found;
}

/* a × b in the shape where they meet, then added up, then repeated to `shape`. */
function times(a, aShape, b, bShape, shape) {
  const have = meeting(aShape, bShape);
  const few = shape.map((length, axis) => {
    const here = have[axis - shape.length + have.length] ?? 1;
    return length === 1 ? 1 : here;
  });
  const sums = new Array(sizeOf(few)).fill(null);
  for (let place = 0; place < sizeOf(have); place++) {
    const found = a[indexIn(place, have, aShape)] * b[indexIn(place, have, bShape)];
    const at = indexIn(place, have, few);
    sums[at] = sums[at] === null ? found : sums[at] + found;
  }
  return Array.from({ length: sizeOf(shape) }, (_, place) => sums[indexIn(place, shape, few)]);
}

/* The texts of a run with arrays; digits are settled for products and sums, an array at a time (report/array_precision). */
class ArrayTexts extends Digits {
  settleAll() {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = [...this.digits].join();
      for (const flow of this.run.flows) if (!flow.carried) this.settleFlow(flow);
      for (const [line, flows] of this.run.arriving) this.settleSum(line, flows);
      if ([...this.digits].join() === before) return;
    }
  }

  keyOf(flow) {
    return this.run.meeting(flow.target) === 1 ? `number ${flow.target}` : `part ${flow.source} ${flow.slot}`;
  }

  settleFlow(flow) {
    const [up, factor, down] = [`number ${flow.source}`, `local ${flow.source} ${flow.slot}`, this.keyOf(flow)];
    if (flow.local.every((one) => Math.abs(one) === 1)) this.level([up, down]);
    const cut = this.run.cut(flow);
    const round = (numbers, key) => numbers.map((one) => rounded(one, this.of(key)));
    const off = (again) => {
      const units = again.map((one, at) => (cut[at] ? 0 : misses(flow.downstream[at], one, this.of(down))));
      return Math.max(...units);
    };
    for (let times = 0; times < 2 * MOST_DIGITS; times++) {
      const [u, v] = [round(flow.upstream, up), round(flow.local, factor)];
      if (off(this.run.product(flow, u, v)) <= 1) return;
      const first = off(this.run.product(flow, u, flow.local));
      const second = off(this.run.product(flow, flow.upstream, v));
      if (first === 0 && second === 0) return;
      const key = first >= second ? up : factor;
      if (this.of(key) >= MOST_DIGITS) return;
      this.digits.set(key, this.of(key) + 1);
    }
  }

  level(keys) {
    const most = Math.max(...keys.map((key) => this.of(key)));
    if (most > this.base) for (const key of keys) this.digits.set(key, most);
  }

  settleSum(line, flows) {
    if (flows.length < 2 || flows.length > MOST_PARTS) return;
    const keys = flows.map((flow) => this.keyOf(flow));
    for (let round = 0; round < MOST_DIGITS; round++) {
      const parts = flows.map((flow, at) => flow.downstream.map((one) => rounded(one, this.of(keys[at]))));
      const again = this.run.adjoints[line].map((_, at) => added(parts.map((part) => part[at])));
      const units = again.map((one, at) => misses(this.run.adjoints[line][at], one, this.of(`number ${line}`)));
      if (Math.max(...units) <= 1) return;
      for (const key of keys) this.digits.set(key, this.of(key) + 1);
    }
  }

  shape(index) {
    return this.run.lines[index].shape;
  }

  value(index) {
    return inLine(this.cells(index), this.run.values[index], this.shape(index), this.base);
  }

  number(index) {
    const numbers = this.run.adjoints[index];
    return numbers === null ? "" : inLine(this.numberCells(index), numbers, this.shape(index), this.base);
  }

  cells(index) {
    return this.run.values[index].map((one, at) => this.text(`value ${index}`, one, `value ${index} ${at}`));
  }

  numberCells(index) {
    const key = `number ${index}`;
    return (this.run.adjoints[index] ?? []).map((one, at) => this.text(key, one, `${key} ${at}`));
  }

  partCells(flow) {
    const key = this.keyOf(flow);
    return flow.downstream.map((one, at) => this.text(key, one, `${key} ${flow.place} ${at}`));
  }

  local(flow) {
    if (flow.carried) return "";
    const key = `local ${flow.source} ${flow.slot}`;
    const cells = flow.local.map((one, at) => this.text(key, one, `${key} ${at}`));
    return inLine(cells, flow.local, flow.localShape, this.base);
  }

  part(flow) {
    return inLine(this.partCells(flow), flow.downstream, this.shape(flow.target), this.base);
  }

  total(index) {
    return this.number(index);
  }
}

/* An array in one line, as the language writes it; a large one by its shape and range. */
function inLine(cells, numbers, shape, digits) {
  if (!shape.length) return cells[0];
  if (numbers.length > MOST_IN_LINE) return `[${shape.join("×")}: ${rangeOf(numbers, digits)}]`;
  let texts = cells;
  for (const length of [...shape].reverse()) {
    const groups = [];
    for (let at = 0; at < texts.length; at += length) groups.push(`[${texts.slice(at, at + length).join(", ")}]`);
    texts = groups;
  }
  return texts[0] ?? "[]";
}

function rangeOf(numbers, digits) {
  if (numbers.some((one) => one !== one)) return "nan among them";
  const [low, high] = [Math.min, Math.max].map((pick) => printed(numbers.reduce((a, b) => pick(a, b)), digits));
  return low === high ? `all ${low}` : `${low} … ${high}`;
}

/* The numbers of a nested list of the shape that is wanted; null for anything else. */
function readArray(text, shape) {
  const plain = text.replace(/[\u2212\u2013]/g, "-");
  const numbers = (plain.match(/[^\s,[\]]+/g) ?? []).map(readNumber);
  if (numbers.includes(null) || numbers.length !== sizeOf(shape)) return null;
  const zeros = inNesting(shape);
  return plain.replace(/[^\s,[\]]+/g, "0").replace(/\s/g, "") === zeros ? numbers : null;
}

function inNesting(shape) {
  return [...shape].reverse().reduce((inner, length) => `[${new Array(length).fill(inner).join(",")}]`, "0");
}

/* Where nan and inf were born, by line and by flow. */
function* arrayBirths(run) {
  const odd = (numbers) => numbers.filter((one) => word(one)).length;
  for (const [index, { name, from, op }] of run.lines.entries()) {
    const many = odd(run.values[index]);
    if (!many || op === undefined || from.some((operand) => odd(run.values[operand]))) continue;
    const what = [...new Set(run.values[index].map(word).filter(Boolean))].join(" and ");
    const where = run.values[index].length > 1 ? ` in ${many} of ${run.values[index].length} elements` : "";
    yield { kind: "nan", line: name, message: `${equation(run, index)}: ${what} is born here${where}` };
  }
  for (const { source, target, upstream, downstream } of run.flows) {
    if (!odd(downstream) || odd(upstream)) continue;
    const [one, other] = [source, target].map((index) => run.lines[index].name);
    yield { kind: "nan", line: one, message: `${one} → ${other}: ${downstream.map(word).find(Boolean)} is born at this flow` };
  }
}
