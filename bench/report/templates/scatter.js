// A plot of score against label that tells names and numbers by pointer and by keyboard

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

  show(set, method, { scores, labels, counts }) {
    Object.assign(this, { set, method, scores, labels, counts, at: -1 });
    this.order = [...scores.keys()].filter((i) => !isNaN(scores[i]) && !isNaN(labels[i]));
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
    const [y0, y1] = range(this.order.map((i) => this.labels[i]));
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
    const crowded = this.order.length > 2000 && !this.counts;
    const radius = crowded ? 1.5 : 2.5;
    const most = this.counts ? Math.max(...this.counts) : 1;
    this.places = this.order.map((i) => [scale.x(this.scores[i]), scale.y(this.labels[i])]);
    this.places.forEach(([x, y], at) => {
      // Bins differ by thousands of images: by the logarithm, both ends stay visible.
      const full = this.counts ? Math.log1p(this.counts[this.order[at]]) / Math.log1p(most) : 0;
      context.globalAlpha = this.counts ? 0.1 + 0.9 * full : crowded ? 0.35 : 0.7;
      context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    });
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
    const [score, label] = [short(this.scores[image]), short(this.labels[image])];
    const count = this.counts?.[image];
    const what = count === undefined ? this.set.names[image] : `${count} ${count === 1 ? "image" : "images"} (mean)`;
    this.readout.textContent = `${what}: score ${score}, label ${label}`;
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
