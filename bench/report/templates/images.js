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
    // Maps: an image may be called as any property of an object is.
    const [pictures, noPictures] = [found.pictures, found.noPictures].map((each) => new Map(Object.entries(each)));
    decoded.set(index, { ...found, labels: found.labels && unpacked(found.labels), pictures, noPictures });
  }
  return decoded.get(index);
}

// Of each image, or of each bin where a dataset has too many images.
function pointsOf(set, method) {
  for (const key of ["scores", "labels", "counts"]) {
    if (typeof method[key] === "string") method[key] = unpacked(method[key]);
  }
  return { scores: method.scores, labels: method.labels ?? set.labels, counts: method.counts };
}

const share = (percent) => `${percent.toFixed(0)} % of images`;

function pictured({ name, picture, method, people }) {
  const about = `method: above ${share(method)}, people: above ${share(people)}`;
  const button = make("button", { type: "button", className: "picture" }, make("img", { src: picture.uri, alt: name }));
  Object.assign(button.dataset, { name, about: `${about}; true size ${picture.width} x ${picture.height} pixels` });
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
    return { ...each, name, picture: set.pictures.get(name), why: set.noPictures.get(name) };
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
    scatter.show(set, method, pointsOf(set, method));
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
