// First screen: ranked by any of its places; on a narrow screen it shows that place alone

document.documentElement.classList.add("scripted");

const rankingTable = document.querySelector(".ranking");

function rankBy(place) {
  const at = (row) => row.querySelector(`[data-place="${place}"]`);
  for (const cell of rankingTable.querySelectorAll("[data-place]")) {
    cell.classList.toggle("shown", cell.dataset.place === place);
    if (cell.tagName !== "TH") continue;
    if (cell.dataset.place === place) cell.setAttribute("aria-sort", "descending");
    else cell.removeAttribute("aria-sort");
  }
  for (const body of rankingTable.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
    const value = (row) => (at(row).dataset.value === "" ? -2 : Number(at(row).dataset.value));
    body.append(...rows.sort((a, b) => value(b) - value(a)));
    for (const row of rows) {
      if (body.classList.contains("theirs")) {
        row.classList.toggle("absent", at(row).dataset.value === "");
        continue;
      }
      const { rank, ranks } = at(row).dataset;
      row.querySelector(".rank b").textContent = rank || "–";
      row.querySelector(".rank small").textContent = ranks.includes("–") ? ranks : "";
    }
  }
  byId("filters").elements.place.value = place;
}

for (const button of document.querySelectorAll("[data-rank-by]")) {
  button.addEventListener("click", () => rankBy(button.dataset.rankBy));
}
byId("filters").elements.place.addEventListener("change", (event) => rankBy(event.target.value));
rankBy(byId("filters").elements.place.value); // a page that is loaded again keeps what was chosen

function filterRows() {
  const { text, family, kind } = byId("filters").elements;
  const sought = text.value.trim().toLowerCase();
  for (const row of document.querySelectorAll(".filtered tbody tr:not(.heading)")) {
    const named = row.dataset.name.toLowerCase().includes(sought);
    row.hidden = !named || (family.value !== "" && row.dataset.family !== family.value);
  }
  // Averages belong to no kind of dataset: they are over all that was chosen, so they stay.
  for (const cell of document.querySelectorAll(".filtered [data-kind]")) {
    cell.hidden = kind.value !== "" && cell.dataset.kind !== "" && cell.dataset.kind !== kind.value;
  }
  const rows = [...document.querySelectorAll(".ranking tbody:not(.theirs) tr")];
  byId("filtered").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} methods`;
}

byId("filters").addEventListener("input", filterRows);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
filterRows();
