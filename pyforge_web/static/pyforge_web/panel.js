// The panel's script: sorting, copying, and bodies that are still being sent. Without it nothing is missing.
//
// It runs once in a page, but the toolbar renders the panel many times: when it is opened, and after each switch in History.

const ID = "PyForgePanel";
const POLL_MS = 700;
const POLLS = 400; // about five minutes: a body that takes longer shows its end when the panel is opened

/** The toolbar's element, in its shadow root or without one; looked up each time, because pages may replace it. */
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
  const value = ([row]) => Number(row.cells[column].dataset.value || "-1");
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

/** A button that copies, in each block of code that is meant to be copied. */
function makeCopyable(panel) {
  if (!navigator.clipboard) return;
  for (const block of panel.querySelectorAll("[data-pf-copy]")) {
    if (block.querySelector("button")) continue;
    const text = block.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pf-copy";
    button.textContent = block.dataset.pfCopy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "\u2713";
    });
    block.append(button);
  }
}

/** If the body was still being sent when the panel was rendered, render it again. */
async function renew(panel) {
  if (panel?.querySelector(".pf")?.dataset.pfState !== "streaming") return;
  const { renderPanelUrl, requestId } = toolbar().dataset;
  if (!renderPanelUrl) return;
  const url = new URL(renderPanelUrl, location);
  url.searchParams.append("request_id", requestId);
  url.searchParams.append("panel_id", ID);
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok || requestId !== toolbar().dataset.requestId) return;
  panel.querySelector(".djdt-scroll").innerHTML = (await response.json()).content;
  enhance(panel);
}

function enhance(panel) {
  makeSortable(panel);
  makeCopyable(panel);
}

function prepare() {
  const panel = toolbar()?.querySelector(`#${ID}`);
  if (panel) enhance(panel);
  return panel;
}

/** While the text in the sidebar says "streaming", ask for the stats until the body has ended. */
async function follow() {
  const text = toolbar()?.querySelector(`#djdt-${ID} [data-pf-state="streaming"]`);
  if (!text || text.dataset.pfFollowed || !text.dataset.pfStats) return;
  text.dataset.pfFollowed = "";
  for (let poll = 0; poll < POLLS && text.isConnected; poll += 1) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const response = await fetch(text.dataset.pfStats, { credentials: "same-origin" });
    if (!response.ok) return;
    const { state, subtitle } = await response.json();
    if (state !== "streaming") {
      text.textContent = subtitle;
      text.dataset.pfState = state;
      await renew(toolbar()?.querySelector(`#${ID}`));
      return;
    }
  }
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
  const list = debug.querySelector("#djDebugPanelList");
  if (list) new MutationObserver(follow).observe(list, { childList: true, subtree: true });
}

listen();
prepare();
follow();
