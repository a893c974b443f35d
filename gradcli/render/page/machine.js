/* The graph of one program computed at a point: values forward, gradients backward (autodiff, insight/gates.py). */

class Run {
  /* `program` are the lines and flows from the page's data; `point` has a number for each variable by name. */
  constructor(program, point) {
    this.program = program;
    this.lines = program.lines;
    this.values = this.evaluated(point);
    this.locals = new Map();
    this.adjoints = new Array(this.lines.length).fill(null);
    this.closed = new Array(this.lines.length).fill(false);
    this.flows = [];
    this.arriving = new Map();
    this.leaving = new Map();
    this.pullBack();
  }

  evaluated(point) {
    const values = [];
    for (const line of this.lines) {
      const operands = (line.from ?? []).map((operand) => values[operand]);
      if (line.op === undefined) values.push("of" in line ? point[line.of] : asNumber(line.is));
      else values.push(line.strong && isZeroTimesInf(...operands) ? 0 : operations[line.op].value(...operands));
    }
    return values;
  }

  operandsOf(index) {
    return this.lines[index].from.map((operand) => this.values[operand]);
  }

  /* The local gradient of a line by each operand; null where nothing flows. */
  localsOf(index) {
    if (!this.locals.has(index)) {
      const found = operations[this.lines[index].op].locals(this.values[index], ...this.operandsOf(index));
      this.locals.set(index, found);
    }
    return this.locals.get(index);
  }

  /* Backpropagation; a closed gate carries exactly 0, and so does every flow below one. */
  pullBack() {
    const { result, strong, flows } = this.program;
    const value = this.values[result];
    if (this.program.seeded) this.adjoints[result] = value === value ? 1 : value;
    for (const [source, target, slot] of flows) {
      const upstream = this.adjoints[source];
      const local = this.localsOf(source)[slot];
      const closed = this.closed[source] || (this.operation(source).opens && local === 0);
      const downstream = closed || (strong && isZeroTimesInf(upstream, local)) ? 0 : upstream * local;
      const before = this.adjoints[target];
      this.adjoints[target] = before === null ? downstream : before + downstream;
      this.closed[target] = before === null ? closed : this.closed[target] && closed;
      const flow = { place: this.flows.length, source, target, slot, upstream, local, downstream, closed };
      this.flows.push(flow);
      push(this.leaving, source, flow);
      push(this.arriving, target, flow);
    }
  }

  operation(index) {
    return this.program.operations[this.lines[index].op];
  }

  /* How many flows reach a line. */
  meeting(index) {
    return (this.arriving.get(index) ?? []).length;
  }

  /* What a line does to a gradient, in a word. */
  gate(index) {
    const line = this.lines[index];
    if (line.op === undefined) return this.meeting(index) > 1 ? "copy adds" : "";
    if (line.added) return line.added;
    const flows = this.leaving.get(index) ?? [];
    if (!flows.length && this.adjoints[index] === null) return "";
    if (this.closed[index]) return "closed";
    const { name, shown, verbs, opens } = this.operation(index);
    if (!flows.length) return verbs[0] === "stops" ? "stops" : "";
    if (name === "sub" && flows.length === 1) return flows[0].slot === 0 ? "passes" : "flips";
    if (opens && (flows.length === 1 || shown === "relu")) {
      return flows[0].local === 0 ? "blocks" : flows[0].local === 1 ? "passes" : "shares";
    }
    return name === "same" || flows.length > 1 ? verbs[0] : verbs[1];
  }

  /* Why a flow is 0 although upstream × local is not. */
  cutOff(flow) {
    if (flow.downstream !== 0 || flow.upstream * flow.local === 0) return "";
    return flow.closed ? "closed" : "strong 0";
  }

  /* The local gradient of a flow as a formula, by the branch that ran; "" for a share. */
  formula(flow) {
    const texts = this.lines[flow.source].rules?.[flow.slot];
    if (!texts) return "";
    const found = operations[this.lines[flow.source].op].choices;
    const taken = found ? found(this.values[flow.source], ...this.operandsOf(flow.source))[flow.slot] : [];
    return texts[taken.map((condition) => (condition !== 0 ? "1" : "0")).join("")] ?? "";
  }

  /* The steps: a value a line, the seed, then the flows, and a sum where the last of several arrives. */
  steps() {
    const shown = this.lines.flatMap((line, index) => (line.shown ? [{ kind: "value", line: index }] : []));
    if (!this.program.seeded) return shown;
    const waiting = new Map();
    for (const [target, flows] of this.arriving) waiting.set(target, flows.length);
    const back = this.flows.flatMap((flow) => {
      const left = waiting.get(flow.target) - 1;
      waiting.set(flow.target, left);
      const step = { kind: "flow", flow: flow.place, line: flow.target };
      return left || this.meeting(flow.target) < 2 ? [step] : [step, { kind: "sum", line: flow.target }];
    });
    return [...shown, { kind: "seed", line: this.program.result }, ...back];
  }
}

function push(table, key, item) {
  if (!table.has(key)) table.set(key, []);
  table.get(key).push(item);
}

function isZeroTimesInf(a, b) {
  return (a === 0 && Math.abs(b) === Infinity) || (b === 0 && Math.abs(a) === Infinity);
}

/* Numbers of the page's data: JSON has none for nan and inf. */
function asNumber(value) {
  return typeof value === "string" ? { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity }[value] : value;
}
