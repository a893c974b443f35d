/* The ledger: a row a value, then a row a flow, and a row where several flows meet. */

function keyOf(step) {
  return step.kind === "flow" ? `flow ${step.flow}` : `${step.kind} ${step.line}`;
}

function rowOf(step, place) {
  const button = element("button", { type: "button" });
  const head = element("th", { scope: "row" }, button);
  const made = element("tr", { "data-key": keyOf(step), class: step.kind === "value" ? "" : "back" }, head);
  if (step.kind === "flow") {
    const { source, target } = state.run.flows[step.flow];
    button.append(nameOf(source), " → ", nameOf(target));
  } else {
    button.append(step.kind === "sum" ? "Σ " : "", nameOf(step.line));
  }
  const cells = step.kind === "value" ? [2, 1] : step.kind === "flow" ? [1, 1, 1] : [2, 1];
  cells.forEach((span) => made.append(element("td", span > 1 ? { colspan: span } : {})));
  if (step.kind === "value") {
    const { says } = state.program.lines[step.line];
    made.cells[1].className = "does";
    made.cells[1].textContent = says ? `= ${typeset(says)}` : "";
  }
  made.append(element("td", { class: "gate" }));
  if (step.kind === "sum") made.cells[1].className = "sum";
  button.addEventListener("click", () => goTo(place + 1));
  link(made, keyOf(step));
  return { row: made, step };
}

/* The rows of one program, without numbers; they are the same at every point. */
function drawRows() {
  rows = state.steps.map(rowOf);
  const backward = rows.findIndex(({ step }) => step.kind === "seed");
  const all = rows.map(({ row }) => row);
  all.unshift(section("values, forward ↓"));
  if (backward >= 0) all.splice(backward + 1, 0, section("gradients, backward ↓"));
  byId("rows").replaceChildren(...all);
  byId("ledger").classList.toggle("arrays", Boolean(state.program.arrays));
}

function section(words) {
  return element("tr", { class: "section" }, element("th", { colspan: 5, scope: "colgroup" }, words));
}

function fillRow({ row, step }, place) {
  const reached = place < state.step;
  const current = place === state.step - 1;
  row.classList.toggle("reached", reached);
  row.classList.toggle("current", current);
  if (current) row.setAttribute("aria-current", "step");
  else row.removeAttribute("aria-current");
  if (row.dataset.state === `${state.version} ${reached}`) return;
  row.dataset.state = `${state.version} ${reached}`;
  const { digits, run } = state;
  const put = (cell, text, role, whole = text) => {
    const shown = reached && text !== "";
    cell.replaceChildren(...(shown ? [role ? numeral(text, role, isOdd(whole)) : typeset(text)] : []));
  };
  const number = (cell, text, index, role = "gradient", sign = "") => {
    put(cell, sign + brief(text, index), role, text);
    if (reached && isOdd(text)) row.classList.add("odd");
  };
  row.classList.remove("odd");
  if (step.kind === "value") {
    number(row.cells[2], digits.value(step.line), step.line, "value");
  } else if (step.kind === "flow") {
    const flow = run.flows[step.flow];
    const cut = run.cutOff(flow);
    const local = flow.localShape ? brief(digits.local(flow), flow.source) : digits.local(flow);
    put(row.cells[1], brief(digits.number(flow.source), flow.source), "gradient", digits.number(flow.source));
    if (flow.carried) put(row.cells[2], flow.text, "local", "");
    else put(row.cells[2], `× ${local}${cut ? ` (${cut})` : ""}`, "local", digits.local(flow));
    row.cells[2].title = flow.carried ? typeset(flow.text) : "";
    number(row.cells[3], digits.downstream(flow), flow.target, "gradient", "= ");
    const first = run.leaving.get(flow.source)[0] === flow;
    put(row.cells[4], first ? `${run.operation(flow.source).shown} ${run.gate(flow.source)}` : "", "");
  } else if (step.kind === "sum") {
    const sum = sumSentence(step).slice(2, -3).map((part) => (typeof part === "string" ? part : part.textContent));
    put(row.cells[1], brief(sum.join(""), step.line), "gradient", sum.join(""));
    number(row.cells[2], digits.total(step.line), step.line, "gradient", "= ");
    put(row.cells[3], "copy adds", "");
  } else {
    number(row.cells[2], digits.number(step.line), step.line, "gradient", "= ");
    put(row.cells[3], "seed", "");
  }
}

/* What fits into a row: of an array that is too long its shape, since no number is ever cut. */
function brief(text, index) {
  const { shape } = state.program.lines[index];
  return shape?.length && text.length > MOST_IN_ROW ? `[${shape.join("×")}]` : text;
}

/* Hovering or focusing one of a row and a wire marks both. */
function link(made, key) {
  const mark = (on) => {
    for (const { row } of rows) if (row.dataset.key === key) row.classList.toggle("linked", on);
    circuit?.link(key, on);
  };
  for (const name of ["pointerenter", "focusin"]) made.addEventListener(name, () => mark(true));
  for (const name of ["pointerleave", "focusout"]) made.addEventListener(name, () => mark(false));
}
