"use strict";
// Sorts a table by a column; empty cells stay last.
function sortTable(table, column, descending) {
  const value = (row) => {
    const cell = row.cells[column];
    const number = parseFloat(cell.dataset.value ?? "");
    return Number.isNaN(number) ? cell.textContent.trim() : number;
  };
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return descending ? -order : order;
  });
  table.tBodies[0].append(...rows);
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    if (index === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}
for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      sortTable(table, column, head.getAttribute("aria-sort") === "ascending");
    });
  });
}
// report.html#sort=TABLE,COLUMN,desc opens sorted: COLUMN counts from 0.
const wanted = /^#sort=([\w-]+),(\d+)(,desc)?$/.exec(location.hash);
if (wanted) {
  const table = document.getElementById(wanted[1]);
  if (table) sortTable(table, Number(wanted[2]), Boolean(wanted[3]));
}
document.documentElement.dataset.tables = document.querySelectorAll("table.sortable").length;
document.documentElement.dataset.figures = document.querySelectorAll("figure svg").length;
