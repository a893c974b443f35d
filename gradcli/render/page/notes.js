/* Notes on a run: where nan and inf were born, conventions that were used, gates that are dead (insight/). */

const MOVING = ["nan", "inf", "domain", "kink", "tie", "dead", "saturated", "flow"]; // kinds that a value decides
const SATURATED_BELOW = 1e-4;
const MOST_OF_A_KIND = 8;
const NOT_A_NUMBER = { add: "inf - inf", sub: "inf - inf", mul: "0 × inf", div: "inf/inf" };

/* The notes of a run at another point than the one that gradcli answered: those of the program, and new ones. */
function notesOf(run, program) {
  const standing = program.notes.filter(({ kind }) => !MOVING.includes(kind));
  if (program.arrays) {
    const message = "other notes on these values (ties, kinks, saturation) are made by gradcli when it runs";
    return [...[...arrayBirths(run)].slice(0, 2 * MOST_OF_A_KIND), ...standing, { kind: "values", line: "", message }];
  }
  const found = [...births(run), ...birthsBackward(run), ...conventions(run), ...gates(run), ...routing(run)];
  const counts = {};
  const few = found.filter(({ kind }) => (counts[kind] = (counts[kind] ?? 0) + 1) <= MOST_OF_A_KIND);
  for (const [kind, count] of Object.entries(counts)) {
    if (count <= MOST_OF_A_KIND) continue;
    const { line } = found.findLast((note) => note.kind === kind);
    few.push({ kind, line, message: `${line}: and ${count - MOST_OF_A_KIND} more notes of the kind '${kind}'` });
  }
  return [...few, ...standing];
}

function equation(run, index) {
  const { name, says } = run.lines[index];
  return says ? `${name} = ${says}` : name;
}

function edgesOf(run, index) {
  return operations[run.lines[index].op]?.edges ?? [];
}

/* The lines the result is computed from, without what stands only in branches that a where left closed. */
function openLines(run) {
  const marks = new Array(run.lines.length).fill(false);
  marks[run.program.result] = true;
  for (let index = run.program.result; index >= 0; index--) {
    const { op, from } = run.lines[index];
    if (!marks[index] || op === undefined) continue;
    const chosen = run.values[from[0]] !== 0 ? from[1] : from[2];
    for (const operand of run.operation(index).name === "where" ? [from[0], chosen] : from) marks[operand] = true;
  }
  return marks;
}

/* Whether the line is at an edge, of operands that a gradient is wanted of. */
function applies(run, index, edge) {
  const { from } = run.lines[index];
  const about = edge.operands.length ? edge.operands : from.map((_, slot) => slot);
  if (!about.some((slot) => run.lines[from[slot]].moves)) return false;
  if (!edge.when) return from.filter((operand) => run.values[operand] === run.values[index]).length > 1;
  return edge.when(run.values[index], ...run.operandsOf(index));
}

function* births(run) {
  const open = openLines(run);
  for (const [index, value] of run.values.entries()) {
    const { name, op, of } = run.lines[index];
    if (value !== value && open[index] && of !== undefined) {
      yield { kind: "nan", line: name, message: `${name}: was given as nan` };
    }
    if (!word(value) || !open[index] || op === undefined) continue;
    const above = run.operandsOf(index);
    if (above.some((one) => one !== one) || (value === value && above.some(word))) continue;
    const [reason, domain] = reasonOf(run, index, above);
    const kind = value === value ? "inf" : domain ? "domain" : "nan";
    yield { kind, line: name, message: `${equation(run, index)}: ${word(value)} is born here: ${reason}` };
  }
  const { result } = run.program;
  if (run.values[result] !== run.values[result]) {
    const { name } = run.lines[result];
    const message = `${name}: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0`;
    yield { kind: "nan", line: name, message };
  }
}

function reasonOf(run, index, above) {
  const { name, shown } = run.operation(index);
  for (const edge of edgesOf(run, index)) {
    if (edge.kind !== "domain" || !edge.when?.(run.values[index], ...above)) continue;
    return name === "div" && above[0] === 0 ? ["0/0", false] : [edge.says, true];
  }
  if (run.values[index] === run.values[index]) return ["overflow", false];
  return [NOT_A_NUMBER[name] ?? `${shown} at ${above.map((one) => significant(one, 6)).join(", ")}`, false];
}

function* birthsBackward(run) {
  const sums = new Map();
  for (const flow of run.flows) {
    const { source, target, downstream, closed } = flow;
    if (!closed && word(downstream)) yield* birthAtFlow(run, flow);
    const before = sums.get(target);
    sums.set(target, before === undefined ? downstream : before + downstream);
    const total = sums.get(target);
    if (before !== undefined && total !== total && before === before && downstream === downstream) {
      const { name } = run.lines[target];
      yield { kind: "nan", line: name, message: `${name}: nan is born where its flows meet: inf - inf` };
    }
  }
}

function* birthAtFlow(run, { source, target, upstream, local, downstream }) {
  const { name } = run.lines[source];
  const place = `${name} → ${run.lines[target].name}`;
  if (upstream !== upstream || (word(upstream) && downstream === downstream && !word(local))) return;
  if (word(local) && ![run.values[source], ...run.operandsOf(source)].some(word)) {
    const found = edgesOf(run, source).find((edge) => ["inf", "domain"].includes(edge.kind) && applies(run, source, edge));
    const kind = local === local ? "inf" : found ? "domain" : "nan";
    const message = `${place}: the local gradient of ${equation(run, source)} is ${word(local)}${found ? ": " + found.says : ""}`;
    yield { kind, line: name, message };
  }
  if (local === local && downstream !== downstream) {
    const message = `${place}: nan is born at this flow: ${significant(upstream, 6)} × ${significant(local, 6)}`;
    yield { kind: "nan", line: name, message };
  } else if (!word(local) && !word(upstream)) {
    yield { kind: "inf", line: name, message: `${place}: ${word(downstream)} is born at this flow: overflow` };
  }
}

function isReached(run, index) {
  return run.adjoints[index] !== null && !run.closed[index];
}

function* conventions(run) {
  const tied = [];
  for (const [index, { name, op, from }] of run.lines.entries()) {
    if (op === undefined || !isReached(run, index)) continue;
    const at = edgesOf(run, index).filter(({ kind }) => kind === "kink" || kind === "tie");
    for (const edge of at.filter((one) => applies(run, index, one))) {
      if (edge.kind === "tie" && from.length > 1) {
        tied.push(index);
        continue;
      }
      const words = edge.kind === "tie" ? `tie: ${edge.says}` : edge.says;
      yield { kind: edge.kind, line: name, message: `${equation(run, index)}: ${words}${sidesOf(run, index, edge)}` };
      if (edge.kind === "kink") break;
    }
  }
  yield* tiesOf(run, tied);
}

function sidesOf(run, index, edge) {
  const { from } = run.lines[index];
  if (!edge.sides || new Set(from).size < from.length) return "";
  const [lower, upper] = edge.sides(run.values[index], ...run.operandsOf(index)).map((side) => significant(side, 6));
  return `; the one-sided derivatives are ${lower} and ${upper}`;
}

/* The ties of different lines: who got which share; of many in a row, what they do together. */
function* tiesOf(run, indices) {
  const ties = indices.flatMap((index) => {
    const { from } = run.lines[index];
    const slots = from.flatMap((operand, slot) => (run.values[operand] === run.values[index] ? [slot] : []));
    return new Set(slots.map((slot) => from[slot])).size > 1 ? [{ index, slots }] : [];
  });
  const chain = chainOf(run, ties.map(({ index }) => index));
  for (const tie of ties) if (chain.length < 3 || !chain.includes(tie.index)) yield tieOf(run, tie);
  if (chain.length < 3) return;
  if (run.program.ties !== "split") {
    const top = ties.find(({ index }) => index === chain[0]);
    yield tieOf(run, top, `; ${chain.length - 1} more ties in a row below it`);
    return;
  }
  const { name } = run.lines[chain[0]];
  const [many, count] = [chain.length, chain.length + 1];
  const halved = `${many} ties in a row halve the gradient each time, down to 2^-${many} = ${significant(0.5 ** many, 6)}`;
  const one = `one ${run.operation(chain[0]).shown}(...) of all ${count} would give 1/${count} = ${significant(1 / count, 6)}`;
  yield { kind: "tie", line: name, message: `${name}: ${halved}; ${one} to each` };
}

/* The longest run of binary ties of one kind, each an operand of the one before, from the result down. */
function chainOf(run, indices) {
  const chain = [];
  for (const index of [...indices].reverse()) {
    const { from } = run.lines[index];
    if (from.length !== 2 || !["max", "min"].includes(run.operation(index).shown)) continue;
    const below = () => run.lines[chain.at(-1)].from.includes(index);
    if (!chain.length || (below() && run.operation(index).name === run.operation(chain[0]).name)) chain.push(index);
  }
  return chain;
}

function tieOf(run, { index, slots }, more = "") {
  const { name, from } = run.lines[index];
  const value = run.values[index];
  const who = slots.length === 2 && from.length === 2 ? "both are" : `${slots.length} operands are`;
  const { ties } = run.program;
  let what = `${significant(1 / slots.length, 6)} each (--ties ${ties})`;
  if (ties === "first") what = `the first takes all (--ties ${ties})`;
  else if (run.operation(index).shown === "clip") what = `${slots.length === 3 ? 0.25 : 0.5} passes (--ties split)`;
  const moving = slots.map((slot) => from[slot]).filter((operand) => run.lines[operand].moves);
  let sides = "";
  if (moving.length && !word(value)) {
    const by = Math.max(...moving);
    const [lower, upper] = [-1, 1].map((way) => significant(sideOf(run, index, by, way), 6));
    sides = `; the one-sided derivatives by ${run.lines[by].name} are ${lower} and ${upper}`;
  }
  const message = `${equation(run, index)}: tie: ${who} ${significant(value, 6)}, so ${what}${sides}${more}`;
  return { kind: "tie", line: name, message };
}

/* The one-sided derivative of a gate by the line `by`: 0 or 1, or the sum of such. */
function sideOf(run, index, by, way) {
  const unit = Math.abs(run.values[by]) > 1e300 ? 0.5 : 1;
  const step = way * Math.max(Math.abs(run.values[by]), 1e-300) * 2 ** -20;
  const moved = run.lines[index].from.map((operand) => unit * run.values[operand] + (operand === by ? step : 0));
  const found = operations[run.lines[index].op].value(...moved);
  return Math.round((found - unit * run.values[index]) / step) + 0;
}

/* How many inputs a chain of max or min left without any gradient. */
function* routing(run) {
  const routes = run.lines.flatMap(({ op }, index) => {
    const gate = op !== undefined && run.operation(index).opens && isReached(run, index);
    return gate ? [run.operation(index).shown] : [];
  });
  const words = ["max", "min"].filter((one) => routes.includes(one));
  if (words.length !== 1) return;
  const inputs = run.lines.flatMap(({ of, moves }, index) => (of !== undefined && moves ? [index] : []));
  const passed = inputs.filter((index) => !run.closed[index] && run.adjoints[index]);
  if (inputs.filter((index) => run.closed[index]).length < 2 || !passed.length) return;
  const { name } = run.lines[run.program.result];
  const first = run.lines[passed[0]].name;
  const who = passed.length === 1 ? `${first}, 1 of ${inputs.length} inputs` : `${passed.length} of ${inputs.length} inputs`;
  const rest = inputs.length - passed.length;
  const message = `${name}: ${words[0]} routed the gradient to ${who}; the other ${rest} get exactly 0`;
  yield { kind: "flow", line: name, message };
}

function* gates(run) {
  for (const [index, line] of run.lines.entries()) {
    if (line.op === undefined || !isReached(run, index)) continue;
    const { name, shown, verbs, opens } = run.operation(index);
    const flows = (run.leaving.get(index) ?? []).filter(({ closed }) => !closed || opens);
    const locals = flows.map(({ local }) => local);
    const say = (kind, words) => ({ kind, line: line.name, message: `${equation(run, index)}: ${words}` });
    if (verbs[0] === "dead") {
      yield say("dead", `a dead gate: ${edgesOf(run, index)[0].says}`);
    } else if (verbs[0] === "stops" && line.moves && !line.origin) {
      const why = name === "stop" ? "stop cuts it off" : "a comparison is flat on both sides";
      yield say("dead", `passes no gradient: ${why}`);
    } else if (shown === "relu" && locals.length === 1 && locals[0] === 0 && run.operandsOf(index)[0] < 0) {
      yield say("dead", "blocks: its input is negative, so exactly 0 goes back");
    } else if (verbs[0] === "saturates" && locals.length && Math.max(...locals.map(Math.abs)) < SATURATED_BELOW) {
      const largest = locals.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most));
      yield say("saturated", `saturated: its local gradient is only ${significant(largest, 6)}`);
    }
  }
}
