// Scores of photographs: walls, histogram, threshold, disagreements

const photos = JSON.parse(byId("photographs").textContent);
const pictures = new Map(Object.entries(photos.pictures));
const BARS = 48;
const round = (value) => String(Number(value.toPrecision(4)));
const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

// Quality: the score, turned so that higher is better
for (const method of photos.methods) {
  const sign = method.better === "higher" ? 1 : -1;
  method.quality = method.scores.map((score) => (score === null ? NaN : sign * score));
  method.order = [...method.quality.keys()].filter((i) => !isNaN(method.quality[i]));
  method.order.sort((a, b) => method.quality[a] - method.quality[b]);
  method.sign = sign;
}

// The share of a rated set's images that have less quality
function below(set, quality) {
  const { quantiles } = set;
  const last = quantiles.length - 1;
  if (quality <= quantiles[0]) return 0;
  if (quality >= quantiles[last]) return 1;
  const next = quantiles.findIndex((each) => each > quality);
  const [low, high] = [quantiles[next - 1], quantiles[next]];
  return (next - 1 + (quality - low) / (high - low)) / last;
}

function standing(method, index) {
  const of = method.sets.map((set) => `better than ${percent(below(set, method.quality[index]))} of ${set.title} (${set.n} rated)`);
  return [`${method.label} ${round(method.scores[index])}`, ...of].join("; ");
}

function pictured(index, about) {
  const name = photos.names[index];
  const picture = pictures.get(String(index));
  const texts = [["name", name], ["small", about]];
  const spans = texts.map(([className, textContent]) => make("span", { className, textContent }));
  if (!picture) return make("li", {}, make("span", { className: "none small", textContent: "no picture here" }), ...spans);
  const button = make("button", { type: "button", className: "picture" }, make("img", { src: picture.uri, alt: name }));
  Object.assign(button.dataset, { name, about: `${about}; true size ${picture.width} x ${picture.height} pixels` });
  return make("li", {}, button, ...spans);
}

const chosen = () => photos.methods[byId("chosen").elements.method.value];

function wall(id, indices, said = () => "") {
  byId(id).replaceChildren(...indices.map((index) => pictured(index, said(index) + standing(chosen(), index))));
}

// Threshold

let limit = 0; // a quality: what has less goes

function reach(method) {
  const [first, last] = [method.order[0], method.order.at(-1)];
  return [method.quality[first], method.quality[last]];
}

function going(method) {
  return method.order.findIndex((index) => method.quality[index] >= limit);
}

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function drawHistogram(method) {
  const [low, high] = reach(method);
  const width = (high - low) / BARS || 1;
  const counts = Array.from({ length: BARS }, () => [0, 0]);
  for (const index of method.order) {
    const quality = method.quality[index];
    const place = Math.min(BARS - 1, Math.floor((quality - low) / width));
    counts[place][quality < limit ? 0 : 1] += 1;
  }
  const most = Math.max(...counts.map(([a, b]) => a + b));
  const step = 640 / BARS;
  const parts = [];
  counts.forEach(([goes, stays], i) => {
    const heights = [goes, stays].map((count) => (160 * count) / most);
    const at = { x: i * step + 1, width: step - 2 };
    if (goes) parts.push(svg("rect", { ...at, class: "goes", y: 172 - heights[0], height: heights[0] }));
    if (stays) parts.push(svg("rect", { ...at, class: "stays", y: 172 - heights[0] - heights[1], height: heights[1] }));
  });
  const x = Math.max(1, Math.min(639, ((limit - low) / (high - low || 1)) * 640));
  parts.push(svg("line", { class: "limit", x1: x, x2: x, y1: 0, y2: 176 }));
  byId("histogram").replaceChildren(...parts);
  const ends = [low, (low + high) / 2, high].map((quality) => round(method.sign * quality));
  byId("ends").replaceChildren(...ends.map((textContent) => make("span", { textContent })));
}

function showLimit() {
  const method = chosen();
  const found = going(method);
  const count = found < 0 ? method.order.length : found;
  const worse = method.better === "higher" ? "below" : "above";
  byId("going").textContent =
    `${count} of ${method.order.length} photographs (${percent(count / (method.order.length || 1))}) score ${worse} ` +
    `${round(method.sign * limit)} and go; ${method.order.length - count} stay.`;
  drawHistogram(method);
  const goesOrStays = (index) => (method.quality[index] < limit ? "goes; " : "stays; ");
  wall("border", method.order.slice(Math.max(0, count - photos.beside), count + photos.beside), goesOrStays);
  const middle = method.order[Math.floor(method.order.length / 2)];
  byId("rated").hidden = method.sets.length === 0;
  byId("rated-rows").replaceChildren(...method.sets.map((set) => {
    const half = `better than ${percent(below(set, method.quality[middle]))} of it, or more`;
    const texts = [String(set.n), `better than ${percent(below(set, limit))} of it`, half];
    const cells = texts.map((textContent) => make("td", { textContent }));
    return make("tr", {}, make("th", { scope: "row", textContent: set.title }), ...cells);
  }));
}

function setLimit(quality) {
  const { place, score } = byId("limit").elements;
  const [low, high] = reach(chosen());
  score.value = round(chosen().sign * quality);
  limit = chosen().sign * Number(score.value); // what is shown is what counts
  place.value = String(Math.round((1000 * (limit - low)) / (high - low || 1)));
  showLimit();
}

function fromSlider() {
  const [low, high] = reach(chosen());
  setLimit(low + (byId("threshold").value / 1000) * (high - low));
}

function fromNumber() {
  const { place, score } = byId("limit").elements;
  if (score.value === "") return;
  const [low, high] = reach(chosen());
  limit = chosen().sign * Number(score.value);
  place.value = String(Math.round((1000 * (limit - low)) / (high - low || 1)));
  showLimit();
}

// Export

function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text) && text.length > 1 && isNaN(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(name, goes) {
  const method = chosen();
  const kept = method.order.filter((index) => method.quality[index] < limit === goes);
  const rows = kept.map((index) => [photos.names[index], method.label, method.scores[index]]);
  const text = [["image", "method", "score"], ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Disagreement and failures

function showPair() {
  const pair = photos.pairs[byId("chosen-pair").elements.pair.value];
  const [a, b] = pair.methods.map((place) => photos.methods[place].label);
  byId("pair-about").textContent =
    `${pair.srcc} between the two on these photographs. First the photographs that ${a} thinks better of, then those that ${b} does, by rank.`;
  const about = ({ method, people }) => `${a}: above ${percent(method / 100)} of these photographs, ${b}: above ${percent(people / 100)}`;
  byId("disagreement").replaceChildren(...pair.images.map((each) => pictured(each.index, about(each))));
}

function showFailures() {
  const rows = photos.methods.flatMap((method) => Object.entries(method.errors).map(([index, why]) => {
    const cells = [method.label, why].map((textContent) => make("td", { textContent }));
    return make("tr", {}, make("th", { scope: "row", textContent: photos.names[index] }), ...cells);
  }));
  byId("failed").replaceChildren(...rows);
}

function showMethod() {
  const method = chosen();
  const missing = photos.names.length - method.order.length;
  const without = missing ? `; ${missing} have no score, and stay out of this` : "";
  byId("about").textContent = `${method.label}: ${method.better} is better${without}.`;
  const some = method.order.length > 0;
  for (const control of byId("limit").elements) control.disabled = !some;
  wall("worst", method.order.slice(0, photos.each));
  wall("best", method.order.slice(-photos.each).reverse());
  // At first a tenth of them goes.
  if (some) setLimit(method.quality[method.order[Math.floor(method.order.length / 10)]]);
}

byId("chosen").addEventListener("change", showMethod);
for (const id of ["chosen", "limit"]) byId(id).addEventListener("submit", (event) => event.preventDefault());
byId("threshold").addEventListener("input", fromSlider);
byId("limit").elements.score.addEventListener("input", fromNumber);
byId("export-going").addEventListener("click", () => download("going.csv", true));
byId("export-staying").addEventListener("click", () => download("staying.csv", false));
if (byId("chosen-pair")) {
  const select = byId("chosen-pair").elements.pair;
  select.replaceChildren(...photos.pairs.map((pair, i) => make("option", {
    value: String(i), textContent: pair.methods.map((place) => photos.methods[place].label).join(" and "),
  })));
  byId("chosen-pair").addEventListener("change", showPair);
  byId("chosen-pair").addEventListener("submit", (event) => event.preventDefault());
  showPair();
}
if (byId("failed")) showFailures();
showMethod();
