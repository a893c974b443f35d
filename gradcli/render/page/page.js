/* The page: boxes, switch, steps, ledger and sentence over the explanations of one program. */

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const PACE = 1100;
const LONGEST_RULE = 160;
const MOST_IN_ROW = 18; // letters of an array in the ledger
const fixed = data.programs.find((program) => program.fixed)?.fixed; // why no value can be changed

const state = { program: null, run: null, digits: null, steps: [], step: 1, point: startingPoint(), timer: 0, version: 0, whole: false };
let rows = [];
let circuit = null;

function startingPoint() {
  return Object.fromEntries(data.inputs.map((input) => [input.name, readValue(input.value, input)]));
}

/* What stands in a box: a number, or a list of numbers in the shape of the variable; null for anything else. */
function readValue(text, { shape }) {
  return shape.length ? readArray(text, shape) : readNumber(text);
}

function boxed(value, { shape }) {
  return shape.length ? inLine(value.map(shortest), value, shape, 6) : shortest(value);
}

function run(program, point) {
  return program.arrays ? new ArrayRun(program, point) : new Run(program, point);
}

function texts(program, found) {
  return program.arrays ? new ArrayTexts(found, data.digits) : new Digits(found, data.digits);
}

/* The signs of mathematics for those of the language. */
function typeset(text) {
  return text.replaceAll("*", "·").replaceAll("-", "−");
}

/* The same in a sentence, whose hyphens stay. */
function spoken(text) {
  return text.replaceAll("*", "·").replace(/(^|[\s(=[])-(?=[\d.iv])/g, "$1−");
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/* A number as text in the colour of its role; nan and inf in that of notes. */
function numeral(text, role, odd = isOdd(text)) {
  return element("span", { class: odd ? `${role} odd` : role }, typeset(text));
}

function isOdd(text) {
  return /(^|[^\p{L}])(nan|inf)\b/u.test(text);
}

function nameOf(index) {
  const { name } = state.program.lines[index];
  return element("bdi", {}, name);
}

// Boxes, answer, notes

function drawBoxes() {
  const boxes = data.inputs.map(({ name, value, shape }, at) => {
    const input = element("input", {
      id: `input${at}`, value, autocomplete: "off", spellcheck: "false", inputmode: "text",
      readonly: fixed !== undefined, "aria-describedby": `slope${at} complaint`,
    });
    input.addEventListener("input", () => edited(input));
    const label = element("label", { for: input.id }, element("bdi", {}, name), " =");
    return element("div", { class: shape.length ? "box list" : "box" }, label, input, element("span", { class: "slope", id: `slope${at}` }));
  });
  const answer = element("div", { class: "box answer" }, element("span", { id: "answer-name" }), element("span", { id: "answer" }), element("span", { class: "slope", id: "others" }));
  const reset = element("button", { type: "button", id: "reset" }, "reset");
  reset.hidden = !data.inputs.length || fixed !== undefined;
  reset.addEventListener("click", restore);
  byId("point").replaceChildren(...boxes, answer, reset);
  byId("point").addEventListener("submit", (event) => event.preventDefault());
}

/* Read every box again: what can be read is computed with, and what cannot is named. */
function edited(last) {
  const point = { ...state.point };
  let complaint = "";
  data.inputs.forEach((variable, at) => {
    const input = byId(`input${at}`);
    const value = readValue(input.value, variable);
    input.setAttribute("aria-invalid", String(value === null));
    if (value !== null) point[variable.name] = value;
    else complaint ||= misread(input.value.trim(), variable);
  });
  const refused = refusal(point);
  if (refused) last.setAttribute("aria-invalid", "true");
  else compute(point);
  byId("complaint").textContent = refused ? `${refused}; everything below is for the values before` : complaint;
}

function misread(text, variable) {
  const { name, shape } = variable;
  const kept = typeset(boxed(state.point[name], variable));
  let what = text ? `'${text}' is not a number` : "a number is missing";
  if (shape.length) what = `${name} has to be ${shape.join("×")} numbers`;
  const example = shape.length ? `them like ${inNesting(shape).slice(0, 40)}` : "one like −1.5 or 2e−3";
  return `${what}: write ${example}; everything below is for ${name} = ${kept}`;
}

/* Why the lines of a program do not hold at a point; "" where they do. */
function refusal(point) {
  for (const program of data.programs.filter(({ fragile, ties }) => fragile || ties === "error")) {
    const found = run(program, point);
    if (program.fragile && found.values.some((_, index) => found.hasNan(index))) {
      return "a nan arises there, for which the lines of derivatives would be others: run gradcli with these values";
    }
    if (program.ties === "error" && notesOf(found, program).some(({ kind }) => kind === "tie")) {
      return "a tie arises there, which --ties error refuses";
    }
  }
  return "";
}

function restore() {
  data.inputs.forEach(({ value }, at) => {
    byId(`input${at}`).value = value;
    byId(`input${at}`).setAttribute("aria-invalid", "false");
  });
  byId("complaint").textContent = "";
  compute(startingPoint());
}

function fillAnswer() {
  const { program, run, digits } = state;
  const reached = new Set(state.steps.slice(0, state.step).map(keyOf));
  byId("answer-name").replaceChildren(nameOf(program.result), " =");
  byId("answer").replaceChildren(...(reached.has(`value ${program.result}`) ? [numeral(digits.value(program.result), "value")] : []));
  const slopes = program.gradients.map(([name, line]) => {
    const number = line === null || run.adjoints[line] === null ? "0" : digits.number(line);
    return { name, line, text: isDone(line, reached) ? number : "" };
  });
  data.inputs.forEach(({ name }, at) => {
    const found = slopes.find((slope) => slope.name === name);
    byId(`slope${at}`).replaceChildren(...(found ? slopeOf(found) : []));
  });
  const others = slopes.filter(({ name }) => !data.inputs.some((input) => input.name === name));
  byId("others").replaceChildren(...others.flatMap((slope) => [...slopeOf(slope), " "]));
}

/* Whether the last flow into a line has been stepped over. */
function isDone(line, reached) {
  const last = state.lastInto.get(line);
  return last === undefined ? state.step === state.steps.length : reached.has(last);
}

function slopeOf({ name, text }) {
  return [...resultName(), "/∂", element("bdi", {}, name), " = ", numeral(text, "gradient")];
}

function fillNotes() {
  const first = startingPoint();
  const moved = data.inputs.some(({ name }) => [state.point[name]].flat().some((one, at) => !same(one, [first[name]].flat()[at])));
  const found = moved ? notesOf(state.run, state.program) : state.program.notes;
  const at = state.steps[state.step - 1];
  byId("notes").replaceChildren(...found.map(({ kind, line, message }) => {
    const plain = MOVING.includes(kind) ? "" : "plain";
    const here = !plain && at && state.program.lines[at.line].name === line ? "current" : "";
    return element("li", { class: `${plain} ${here}`.trim() }, spoken(message));
  }));
}

// Steps

function compute(point) {
  const found = run(state.program, point);
  state.version += 1;
  Object.assign(state, { point, run: found, digits: texts(state.program, found) });
  show();
}

function choose(place) {
  state.version += 1;
  state.program = data.programs[place];
  state.run = run(state.program, state.point);
  state.digits = texts(state.program, state.run);
  const part = state.steps.length ? state.step / state.steps.length : 0;
  state.steps = state.run.steps();
  state.places = new Map(state.steps.map((step, at) => [keyOf(step), at]));
  state.lastInto = new Map(state.steps.flatMap((step) => (step.kind === "value" ? [] : [[step.line, keyOf(step)]])));
  state.step = Math.max(1, Math.round(part * state.steps.length));
  byId("slider").max = state.steps.length;
  circuit?.observer.disconnect();
  circuit = new Picture(document.querySelectorAll("#circuit > [data-program]"), place, state.run);
  drawRows();
  show();
}

function goToKey(key) {
  if (state.places.has(key)) goTo(state.places.get(key) + 1);
}

function goTo(step) {
  state.step = Math.min(Math.max(step, 1), state.steps.length);
  if (state.step === state.steps.length) pause();
  show();
}

function show() {
  const step = state.steps[state.step - 1];
  byId("sentence").replaceChildren(...SENTENCES[step.kind](step));
  const start = state.step === 1 && state.steps.length > 1 ? ["; press → for the next step, End for the answer"] : [];
  byId("rule").replaceChildren(...ruleOf(step), ...start);
  rows.forEach(fillRow);
  circuit.show(state);
  fillAnswer();
  fillNotes();
  const slider = byId("slider");
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", byId("sentence").textContent);
  const phase = step.kind === "value" ? "forward" : "backward";
  byId("count").textContent = `step ${state.step} of ${state.steps.length}, ${phase}`;
  for (const id of ["first", "back"]) byId(id).disabled = state.step === 1;
  for (const id of ["next", "last"]) byId(id).disabled = state.step === state.steps.length;
  reveal(rows[state.step - 1]?.row.getBoundingClientRect(), byId("ledger"), false);
}

/* Scroll a panel, and nothing else, until a box in it is in sight: down, or along. */
function reveal(inner, panel, along) {
  if (!inner) return;
  const outer = panel.getBoundingClientRect();
  const behavior = still.matches ? "auto" : "smooth";
  if (!along && (inner.top < outer.top + 60 || inner.bottom > outer.bottom - 30)) {
    panel.scrollBy({ top: (inner.top + inner.bottom - outer.top - outer.bottom) / 2, behavior });
  }
  if (along && (inner.left < outer.left + 60 || inner.right > outer.right - 60)) {
    panel.scrollBy({ left: (inner.left + inner.right - outer.left - outer.right) / 2, behavior });
  }
}

function play() {
  if (still.matches) return goTo(state.step + 1);
  if (state.timer) return pause();
  if (state.step === state.steps.length) goTo(1);
  state.timer = setInterval(() => goTo(state.step + 1), PACE);
  byId("play").setAttribute("aria-pressed", "true");
  byId("play").textContent = "pause";
}

function pause() {
  clearInterval(state.timer);
  state.timer = 0;
  byId("play").setAttribute("aria-pressed", "false");
  byId("play").textContent = "play";
}

const KEYS = {
  ArrowRight: () => goTo(state.step + 1),
  ArrowLeft: () => goTo(state.step - 1),
  Home: () => goTo(1),
  End: () => goTo(state.steps.length),
  " ": play,
};

function pressed(event) {
  const { target } = event;
  const typing = target.matches?.("input:not([type=range])");
  const clicking = event.key === " " && target.closest?.("button, input, [role=button]");
  if (typing || clicking || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function start() {
  state.program = data.programs[0];
  const choices = byId("switch");
  choices.hidden = data.programs.length < 2;
  data.programs.forEach(({ name }, place) => {
    const radio = element("input", { type: "radio", name: "program", value: place, checked: place === 0 });
    radio.addEventListener("change", () => choose(place));
    choices.append(element("label", {}, radio, name));
  });
  drawBoxes();
  byId("complaint").textContent = fixed ?? "";
  choose(0);
  byId("first").addEventListener("click", KEYS.Home);
  byId("back").addEventListener("click", KEYS.ArrowLeft);
  byId("next").addEventListener("click", KEYS.ArrowRight);
  byId("last").addEventListener("click", KEYS.End);
  byId("play").addEventListener("click", play);
  byId("zoom").addEventListener("click", () => {
    state.whole = !state.whole;
    circuit.fit();
    show();
  });
  byId("slider").addEventListener("input", (event) => goTo(Number(event.target.value)));
  document.addEventListener("keydown", pressed);
  let before = 1;
  addEventListener("beforeprint", () => {
    before = state.step;
    goTo(state.steps.length);
  });
  addEventListener("afterprint", () => goTo(before));
}

start();
