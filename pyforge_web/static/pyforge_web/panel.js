// The panel's extras: columns that sort, and a fresh look at a body that was still being sent.
// A module runs once for a page, the panel is rendered many times: by opening it, and after each switch in History.

const ID = "PyForgePanel";

/** The toolbar's element, in its shadow root or without one; asked for each time, as pages may replace it. */
function toolbar() {
  const root = document.getElementById("djDebugRoot");
  return (root?.shadowRoot ?? root)?.querySelector("#djDebug");
}

/** The rows of a table in pairs: a row, and the row of its details. */
function pairs(body) {
  const rows = [...body.children];
  return rows.filter((_, index) => index % 2 === 0).map((row, index) => [row, rows[2 * index + 1]]);
}

function sort(head, column) {
  const body = head.closest("table").tBodies[0];
  const falling = head.getAttribute("aria-sort") !== "descending";
  const value = ([row]) => Number((row.cells[column].dataset.value || "-1").replaceAll(",", ""));
  const sorted = pairs(body).sort((one, other) => (falling ? value(other) - value(one) : value(one) - value(other)));
  body.append(...sorted.flat());
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
}

function makeSortable(panel) {
  for (const head of panel.querySelectorAll(".pf-sortable th[data-pf-sort]")) {
    if (head.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pf-sort";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, head.cellIndex));
    head.replaceChildren(button);
  }
}

/** Where the body was still being sent when the panel was rendered, render it again. */
async function renew(panel) {
  if (panel.querySelector(".pf")?.dataset.pfState !== "streaming") return;
  const { renderPanelUrl, requestId } = toolbar().dataset;
  if (!renderPanelUrl) return;
  const url = new URL(renderPanelUrl, location);
  url.searchParams.append("request_id", requestId);
  url.searchParams.append("panel_id", ID);
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok || requestId !== toolbar().dataset.requestId) return;
  panel.querySelector(".djdt-scroll").innerHTML = (await response.json()).content;
  makeSortable(panel);
}

function prepare() {
  const panel = toolbar()?.querySelector(`#${ID}`);
  if (panel) makeSortable(panel);
  return panel;
}

function listen() {
  const debug = toolbar();
  if (!debug || debug.dataset.pfListens) return;
  debug.dataset.pfListens = "";
  debug.addEventListener("djdt.panel.render", async (event) => {
    if (event.detail.panelId !== ID) return;
    const panel = prepare();
    if (panel) await renew(panel);
  });
}

listen();
prepare();
