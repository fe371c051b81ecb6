"use strict";

const byId = (id) => document.getElementById(id);

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Leaderboard: sorting and filters

function sortBy(button) {
  const head = button.closest("th");
  const table = head.closest("table");
  const kind = button.dataset.sort;
  const textual = kind === "method" || kind === "family";
  const first = textual ? "ascending" : kind;
  const other = first === "ascending" ? "descending" : "ascending";
  const direction = head.getAttribute("aria-sort") === first ? other : first;
  for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);

  const numeric = [...table.tHead.rows[1].cells].indexOf(head);
  const column = textual ? head.cellIndex : 2 + numeric;
  const value = (row) => row.cells[column].dataset.value;
  const turned = direction === "ascending" ? 1 : -1;
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    // What has no number comes last either way.
    if (x === "" || y === "") return (x === "") - (y === "");
    return turned * (textual ? x.localeCompare(y, "en", { numeric: true }) : Number(x) - Number(y));
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
}

function filter() {
  const { text, family, kind } = byId("filters").elements;
  const sought = text.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll(".leaderboard tbody tr")];
  for (const row of rows) {
    const named = row.cells[0].dataset.value.toLowerCase().includes(sought);
    row.hidden = !named || (family.value !== "" && row.dataset.family !== family.value);
  }
  // Averages belong to no kind of dataset: they are over all that was chosen, so they stay.
  for (const cell of document.querySelectorAll(".leaderboard [data-kind]")) {
    cell.hidden = kind.value !== "" && cell.dataset.kind !== "" && cell.dataset.kind !== kind.value;
  }
  byId("filtered").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
}

for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => sortBy(button));
}
byId("filters").addEventListener("input", filter);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
filter(); // a page that is loaded again keeps what was typed

// Provenance: a number leads to what stands behind it

function openTarget() {
  const target = location.hash.startsWith("#cell-") && byId(location.hash.slice(1));
  if (!target) return;
  target.closest("details").open = true;
  target.scrollIntoView();
  target.focus();
}

addEventListener("hashchange", openTarget);
openTarget();

// Pictures: a small one opens a large one; the dialog gives the focus back by itself

function enlarge(button) {
  byId("large-picture").src = button.querySelector("img").src;
  byId("large-picture").alt = button.dataset.name;
  byId("large-name").textContent = button.dataset.name;
  byId("large-about").textContent = button.dataset.about;
  byId("large").showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".picture");
  if (button) enlarge(button);
  if (event.target === byId("large")) byId("large").close();
});

// Image by image

function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

const decoded = new Map();

// Read when it is first looked at: a page of forty thousand images opens without it.
function dataset(index) {
  if (!decoded.has(index)) {
    const found = JSON.parse(byId(`points-${index}`).textContent);
    decoded.set(index, { ...found, labels: unpacked(found.labels) });
  }
  return decoded.get(index);
}

function scoresOf(method) {
  if (typeof method.scores === "string") method.scores = unpacked(method.scores);
  return method.scores;
}

const short = (value) => String(Number(value.toPrecision(7)));

class Scatter {
  constructor(canvas, readout) {
    this.canvas = canvas;
    this.readout = readout;
    this.places = [];
    this.at = -1;
    canvas.addEventListener("pointermove", (event) => this.select(this.nearest(event)));
    canvas.addEventListener("pointerdown", (event) => this.select(this.nearest(event)));
    canvas.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(set, method) {
    Object.assign(this, { set, method, scores: scoresOf(method), at: -1 });
    this.order = [...this.scores.keys()].filter((i) => !isNaN(this.scores[i]) && !isNaN(set.labels[i]));
    this.order.sort((a, b) => this.scores[a] - this.scores[b]);
    this.canvas.setAttribute("aria-label", `${set.labelName} against the score of ${method.scoreName}; ${method.srcc}`);
    this.readout.textContent = "";
    this.draw();
  }

  scale() {
    const range = (values) => {
      let [low, high] = [Infinity, -Infinity];
      for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
      const room = (high - low) * 0.03 || 1;
      return [low - room, high + room];
    };
    const { width, height } = this.canvas.getBoundingClientRect();
    const [x0, x1] = range(this.order.map((i) => this.scores[i]));
    const [y0, y1] = range(this.order.map((i) => this.set.labels[i]));
    const [left, right, top, bottom] = [56, width - 12, 12, height - 44];
    return {
      width, height, left, right, top, bottom, x0, x1, y0, y1,
      x: (score) => left + ((score - x0) / (x1 - x0)) * (right - left),
      y: (label) => bottom - ((label - y0) / (y1 - y0)) * (bottom - top),
    };
  }

  draw() {
    if (!this.set) return;
    const scale = (this.drawn = this.scale());
    const dots = devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [Math.round(scale.width * dots), Math.round(scale.height * dots)];
    const context = this.canvas.getContext("2d");
    context.scale(dots, dots);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.drawAxes(context, scale, colour);
    this.drawPoints(context, scale, colour);
    this.drawCurve(context, scale, colour);
    if (this.at >= 0) this.drawSelected(context, scale, colour);
  }

  drawAxes(context, scale, colour) {
    context.font = "12px system-ui, sans-serif";
    context.strokeStyle = colour("--line");
    context.fillStyle = colour("--soft");
    context.textAlign = "center";
    for (const tick of ticks(scale.x0, scale.x1, scale.width / 90)) {
      line(context, [[scale.x(tick), scale.top], [scale.x(tick), scale.bottom]]);
      context.fillText(tick, scale.x(tick), scale.bottom + 16);
    }
    context.textAlign = "right";
    for (const tick of ticks(scale.y0, scale.y1, scale.height / 60)) {
      line(context, [[scale.left, scale.y(tick)], [scale.right, scale.y(tick)]]);
      context.fillText(tick, scale.left - 6, scale.y(tick) + 4);
    }
    context.textAlign = "center";
    context.fillText(this.method.scoreName, (scale.left + scale.right) / 2, scale.height - 8, scale.right - scale.left);
    context.save();
    context.translate(13, (scale.top + scale.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(this.set.labelName, 0, 0, scale.bottom - scale.top);
    context.restore();
  }

  drawPoints(context, scale, colour) {
    context.fillStyle = colour("--c0");
    context.globalAlpha = this.order.length > 2000 ? 0.35 : 0.7;
    const radius = this.order.length > 2000 ? 1.5 : 2.5;
    this.places = this.order.map((i) => [scale.x(this.scores[i]), scale.y(this.set.labels[i])]);
    for (const [x, y] of this.places) context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    context.globalAlpha = 1;
  }

  drawCurve(context, scale, colour) {
    context.save();
    context.beginPath();
    context.rect(scale.left, scale.top, scale.right - scale.left, scale.bottom - scale.top);
    context.clip();
    context.strokeStyle = colour("--c1");
    context.lineWidth = 2.5;
    line(context, this.method.curve.map(([x, y]) => [scale.x(x), scale.y(y)]));
    context.restore();
  }

  drawSelected(context, scale, colour) {
    const [x, y] = this.places[this.at];
    context.strokeStyle = colour("--ink");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, 7, 0, 2 * Math.PI);
    context.stroke();
  }

  nearest(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    let [best, least] = [-1, 30 ** 2];
    this.places.forEach(([a, b], i) => {
      const distance = (a - x) ** 2 + (b - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  step(event) {
    const last = this.order.length - 1;
    const to = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(Math.max(0, Math.min(last, to)));
  }

  select(at) {
    if (at < 0 || at === this.at) return;
    this.at = at;
    const image = this.order[at];
    const [score, label] = [short(this.scores[image]), short(this.set.labels[image])];
    this.readout.textContent = `${this.set.names[image]}: score ${score}, label ${label}`;
    this.draw();
  }
}

function line(context, places) {
  context.beginPath();
  places.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

function ticks(low, high, most) {
  const rough = (high - low) / Math.max(2, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(Number((i * step).toPrecision(6)));
  return found;
}

const share = (percent) => `${percent.toFixed(0)} % of images`;

function pictured({ name, picture, method, people }) {
  const about = `method: above ${share(method)}, people: above ${share(people)}`;
  const button = make("button", { type: "button", className: "picture" }, make("img", { src: picture.uri, alt: name }));
  Object.assign(button.dataset, { name, about: `${about}; made small from ${picture.width} x ${picture.height} pixels` });
  const texts = [["name", name], ["small", about]];
  return make("li", {}, button, ...texts.map(([className, textContent]) => make("span", { className, textContent })));
}

function named({ name, method, people, why }) {
  const cells = [share(method), share(people), why].map((textContent) => make("td", { textContent }));
  return make("tr", {}, make("th", { scope: "row", textContent: name }), ...cells);
}

function showWorst(set, method) {
  const worst = method.worst.map((each) => {
    const name = set.names[each.index];
    return { ...each, name, picture: set.pictures[name], why: set.noPictures[name] };
  });
  byId("worst-about").textContent = method.noWorst
    ? `Not shown: ${method.noWorst}.`
    : "First the images that the method thinks too well of, then those that it thinks too little of, by rank.";
  byId("worst").replaceChildren(...worst.filter((each) => each.picture).map(pictured));
  const without = worst.filter((each) => !each.picture);
  byId("worst-named").replaceChildren(...without.map(named));
  byId("named").hidden = without.length === 0;
}

function lookAtImages() {
  const form = byId("chosen");
  const scatter = new Scatter(byId("scatter"), byId("scatter-readout"));
  const { dataset: chosen, method: of } = form.elements;

  function showMethod() {
    const set = dataset(chosen.value);
    const method = set.methods[of.value];
    scatter.show(set, method);
    byId("scatter-about").textContent = method.srcc + (method.noCurve ? `; no mapping: ${method.noCurve}` : "");
    showWorst(set, method);
  }

  function showDataset() {
    const before = of.selectedOptions[0]?.textContent;
    const labels = dataset(chosen.value).methods.map((method) => method.label);
    of.replaceChildren(...labels.map((label, i) => make("option", { value: String(i), textContent: label })));
    of.value = String(Math.max(0, labels.indexOf(before)));
    showMethod();
  }

  form.addEventListener("change", (event) => (event.target === chosen ? showDataset() : showMethod()));
  form.addEventListener("submit", (event) => event.preventDefault());
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    showDataset();
  }, { rootMargin: "400px" }).observe(byId("images"));
}

if (byId("images")) lookAtImages();
