/* The drawn circuit of one program: its numbers, its gates, and the wire of the current step. */

const SMALLEST = 0.6; // below that a wide circuit is scrolled, at the scale READABLE
const READABLE = 0.9;
const LARGEST = 1.15;
const ROOM = 9; // letters of a number on a wire; longer ones are set more tightly
const LETTER = 8.9;

class Picture {
  constructor(drawings, place, run) {
    drawings.forEach((drawing, at) => (drawing.hidden = at !== place));
    this.drawing = drawings[place];
    this.svg = this.drawing.querySelector("svg");
    this.flows = new Map(run.flows.map((flow) => [`${flow.target}-${flow.source}-${flow.slot}`, flow.place]));
    this.parts = [...this.drawing.querySelectorAll(".wire, .trunk, .node")].map((group) => this.part(group));
    this.rails = this.drawing.querySelectorAll(".rail");
    if (!this.svg.dataset.ready) this.prepare(run);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(byId("left"));
  }

  /* What a group of the drawing is about: a line, and for a wire the flow that comes back through it. */
  part(group) {
    const [kind, line, to, slot] = group.id.replace(/^p\d+-/, "").split("-");
    const flow = this.flows.get(`${line}-${to}-${slot}`);
    const numbers = group.querySelector(".numbers");
    const [value, gradient] = [".value", ".gradient"].map((role) => [...(numbers?.querySelectorAll(role) ?? [])]);
    for (const text of [...value, ...gradient]) text.dataset.room ??= Math.max(ROOM, text.textContent.length);
    return {
      group, kind, line: Number(line.replace("e", "")), ends: (kind === "node" ? line : to ?? "").startsWith("e"), flow,
      branch: numbers?.hasAttribute("data-slot") ?? false,
      value, gradient: gradient.length ? gradient : null,
      local: group.querySelector(".local"), gate: group.querySelector(".gate"), title: group.querySelector("title"),
    };
  }

  /* Once: sizes, what can be clicked and focused, and lines that a pointer meets. */
  prepare(run) {
    const { svg } = this;
    svg.dataset.ready = "1";
    svg.setAttribute("role", "group");
    svg.querySelector("desc").textContent = "Values stand above the wires, gradients below.";
    for (const part of this.parts) {
      const key = this.keyOf(part);
      if (!key) continue;
      const path = part.group.querySelector(".line");
      if (path) {
        const broad = path.cloneNode();
        broad.setAttribute("class", "reach");
        part.group.prepend(broad);
      }
      part.group.setAttribute("tabindex", "0");
      part.group.setAttribute("role", "button");
      part.group.addEventListener("click", () => goToKey(key));
      part.group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") goToKey(key);
      });
      link(part.group, key);
    }
  }

  /* As large as the room; where it would be too small to be read, larger. */
  fit() {
    const wide = this.svg.viewBox.baseVal.width;
    const scale = (byId("circuit").clientWidth - 24) / wide;
    const small = scale < SMALLEST;
    const zoom = byId("zoom");
    zoom.hidden = !small;
    zoom.textContent = state.whole ? "larger" : "whole circuit";
    this.svg.style.width = `${Math.floor(wide * (small && !state.whole ? READABLE : Math.min(scale, LARGEST)))}px`;
  }

  /* The step that a part belongs to. */
  keyOf({ kind, line, flow, ends, branch, gradient }) {
    if (flow !== undefined) return `flow ${flow}`;
    if (kind === "wire" && ends && gradient) return `seed ${line}`;
    if (kind === "trunk" && gradient) return `sum ${line}`;
    return branch || (kind === "node" && ends) ? "" : `value ${line}`;
  }

  show({ step, steps, run, digits, version }) {
    const current = steps[step - 1];
    const reached = new Set(steps.slice(0, step).map(keyOf));
    const flow = current.kind === "flow" ? run.flows[current.flow] : null;
    for (const part of this.parts) {
      const { group, kind, line, value, gradient, local, gate, ends } = part;
      const known = reached.has(`value ${line}`);
      const key = this.keyOf(part);
      fill(value, known && digits.cells(line), run.values[line]);
      const through = part.flow === undefined ? null : run.flows[part.flow];
      if (part.branch && through) fill(gradient, reached.has(key) && digits.partCells(through), through.downstream);
      else fill(gradient, isDone(line, reached) && digits.numberCells(line), run.adjoints[line]);
      if (through && (!through.localShape || (!through.carried && !through.localShape.length))) {
        write(local, reached.has(key) ? digits.local(through) : "");
      }
      if (gate && kind === "node") gate.textContent = run.gate(line);
      group.classList.toggle("current", keyOf(current) === key && kind !== "node");
      const own = current.kind === "value" && current.line === line && kind !== "wire";
      group.classList.toggle("now", kind === "node" && !ends && (own || flow?.source === line));
      mark(value, current.kind === "value" && current.line === line);
      mark(gradient, (key === keyOf(current)) || (flow?.source === line && !part.branch) || (current.kind === "sum" && part.branch && current.line === line));
      mark(local, key === keyOf(current));
      if (part.version === `${version} ${reached.has(key)}`) continue;
      part.version = `${version} ${reached.has(key)}`;
      const says = titleOf(part, through, key, reached);
      if (part.title) part.title.textContent = says;
      if (key) group.setAttribute("aria-label", says);
    }
    const meeting = current.kind === "sum" ? run.lines[current.line].name : null;
    for (const rail of this.rails) rail.classList.toggle("current", rail.dataset.line === meeting);
    const here = this.drawing.querySelector(".current .numbers") ?? this.drawing.querySelector(".now");
    const lit = [...this.drawing.querySelectorAll(".lit, .now")].map((part) => part.getBoundingClientRect());
    reveal(bounds(here ? [here.getBoundingClientRect(), ...lit] : lit, byId("circuit")), byId("circuit"), true);
    reveal(here?.getBoundingClientRect(), byId("left"), false);
  }

  /* Light up the parts that belong to a step. */
  link(key, on) {
    for (const part of this.parts) if (this.keyOf(part) === key) part.group.classList.toggle("linked", on);
  }
}

/* What holds all of the boxes; the first alone where that is wider than the panel. */
function bounds(boxes, panel) {
  if (!boxes.length) return undefined;
  const [left, right] = [Math.min(...boxes.map((box) => box.left)), Math.max(...boxes.map((box) => box.right))];
  const all = { left, right, top: boxes[0].top, bottom: boxes[0].bottom };
  return right - left < panel.clientWidth - 160 ? all : boxes[0];
}

function write(text, shown) {
  if (!text || text.textContent === typeset(shown)) return;
  text.textContent = typeset(shown);
  const room = Number(text.dataset.room ?? Infinity);
  if (shown.length > room) text.setAttribute("textLength", room * LETTER);
  else text.removeAttribute("textLength");
  text.classList.toggle("odd", isOdd(shown));
}

/* The numbers of an array into their cells; of a large one the range. */
function fill(cells, shown, numbers) {
  if (!cells) return;
  const range = shown && cells.length === 1 && shown.length > 1;
  cells.forEach((cell, at) => write(cell, (shown && (range ? rangeOf(numbers, data.digits) : shown[at])) || ""));
}

function mark(texts, on) {
  for (const text of [texts ?? []].flat()) text.classList.toggle("lit", on);
}

/* What a part says where it is hovered or focused: no number before its step. */
function titleOf({ kind, line, ends }, flow, key, reached) {
  const step = state.steps[state.places.get(key)];
  if (step && reached.has(key)) {
    return SENTENCES[step.kind](step).map((part) => (typeof part === "string" ? part : part.textContent)).join("");
  }
  const { lines } = state.program;
  if (flow) return `${lines[flow.source].name} → ${lines[flow.target].name}`;
  const { name, says } = lines[line];
  return says && kind === "node" && !ends ? typeset(`${name} = ${says}`) : name;
}
