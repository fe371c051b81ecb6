// All numbers: sorting

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

for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => sortBy(button));
}

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
