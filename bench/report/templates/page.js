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
