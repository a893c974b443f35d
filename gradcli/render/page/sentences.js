/* What a step says, in one sentence and in the line below it. */

/* What a line does, over the numbers of its operands: `exp(−1)`; "" where its text does not hold them all. */
function inNumbers(index) {
  const { does, from } = state.program.lines[index];
  if (!does || !from) return "";
  return does.replace(/[\uE000-\uF8FF]/g, (hole, at) => {
    const text = state.digits.operand(from[hole.charCodeAt(0) - 0xe000]);
    const alone = at === 0 || "(,[".includes(does.slice(0, at).trimEnd().slice(-1));
    return text.startsWith("-") && (!alone || does[at + 1] === "^") ? `(${text})` : text;
  });
}

function valueSentence({ line }) {
  const { says } = state.program.lines[line];
  const value = numeral(state.digits.value(line), "value");
  const numbers = inNumbers(line);
  const left = says ? [nameOf(line), ` = ${typeset(says)}`] : [nameOf(line)];
  const middle = numbers && ![says, state.digits.value(line)].includes(numbers) ? [` = ${typeset(numbers)}`] : [];
  return [...left, ...middle, " = ", value];
}

function flowSentence({ flow: place }) {
  const flow = state.run.flows[place];
  const cut = state.run.cutOff(flow);
  const head = [nameOf(flow.source), " → ", nameOf(flow.target), ": "];
  if (flow.carried) return [...head, element("span", { class: "local" }, typeset(flow.text)), ...arrival(flow)];
  return [
    ...head,
    numeral(state.digits.number(flow.source), "gradient upstream"), " × ",
    inBrackets(numeral(state.digits.local(flow), "local")), cut ? ` (${cut})` : "", ...arrival(flow),
  ];
}

/* What a flow brings, behind an equals sign, and the gate that it passed. */
function arrival(flow) {
  const summed = flow.summed?.length ? `, summed along axis ${flow.summed.join(", ")}` : "";
  const gate = ` (${state.run.operation(flow.source).shown} ${state.run.gate(flow.source)}${summed})`;
  return [" = ", numeral(state.digits.downstream(flow), "gradient downstream"), gate];
}

function inBrackets(made) {
  if (made.textContent.startsWith("−")) made.textContent = `(${made.textContent})`;
  return made;
}

function sumSentence({ line }) {
  const flows = state.run.arriving.get(line);
  const few = flows.length <= MOST_PARTS ? flows : flows.slice(0, 2);
  const parts = few.flatMap((flow, at) => {
    const part = numeral(state.digits.part(flow), "gradient");
    return at ? [" + ", inBrackets(part)] : [part];
  });
  const more = flows.length > few.length ? [` + … ${flows.length - few.length} more`] : [];
  return [nameOf(line), ": ", ...parts, ...more, " = ", numeral(state.digits.total(line), "gradient"), " (copy adds)"];
}

function seedSentence({ line }) {
  const why = state.run.hasNan(line) ? "the result is nan, so every gradient of it is" : "seed";
  return [partial(line), " = ", numeral(state.digits.number(line), "gradient"), ` (${why})`];
}

const SENTENCES = { value: valueSentence, flow: flowSentence, sum: sumSentence, seed: seedSentence };

function partial(index) {
  return element("span", {}, ...resultName(), "/∂", nameOf(index));
}

/* ∂f, or of an array the sum of its elements. */
function resultName() {
  const result = element("bdi", {}, state.program.lines[state.program.result].name);
  return state.program.ofSum ? ["∂sum(", result, ")"] : ["∂", result];
}

/* The line below the sentence: where its numbers come from. */
function ruleOf(step) {
  if (step.kind === "value") {
    const line = state.program.lines[step.line];
    if (line.stands) return [`stands for ${typeset(line.stands)}`];
    const size = line.shape?.length ? `, shape ${line.shape.join("×")}` : "";
    return line.from ? [size.slice(2)] : [("of" in line ? "a variable" : "a constant") + size];
  }
  if (step.kind === "seed") return ["the backward pass starts at the result"];
  if (step.kind === "sum") return [`${state.run.meeting(step.line)} flows meet here, so their gradients are added`];
  const flow = state.run.flows[step.flow];
  if (flow.carried) return ["upstream = ", numeral(state.digits.number(flow.source), "gradient")];
  const local = state.digits.local(flow);
  const formula = state.run.formula(flow);
  const bare = formula === "" || formula === local || (!flow.text && formula === shortest(flow.local));
  const slope = ["local gradient ∂", nameOf(flow.source), "/∂", nameOf(flow.target), place(flow), " = "];
  return [...slope, ...(bare ? [] : [`${typeset(shortened(formula))} = `]), numeral(local, "local")];
}

function shortened(text) {
  return text.length > LONGEST_RULE ? `${text.slice(0, LONGEST_RULE / 2)} … ${text.slice(-LONGEST_RULE / 2)}` : text;
}

/* Which one is meant where a line has the same operand in several places. */
function place({ source, target, slot }) {
  const operands = state.program.lines[source].from;
  if (operands.filter((operand) => operand === target).length < 2) return "";
  const number = operands.slice(0, slot + 1).filter((operand) => operand === target).length;
  return ` (${number}${{ 1: "st", 2: "nd", 3: "rd" }[number] ?? "th"})`;
}
