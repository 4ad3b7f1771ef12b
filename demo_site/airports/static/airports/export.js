// The export page: reads a stream, counts its rows as they come, and can tell a complete body from a broken one.

import { formatBytes, formatCount } from "./api.js";

const form = document.querySelector("[data-export]");
const part = (name) => form.querySelector(`[data-${name}]`);
const [start, stop, save, progress, status, facts, rows] =
  ["start", "stop", "save", "progress", "status", "facts", "rows"].map(part);
const total = Number(form.dataset.total);
const SHOWN = 1500; // characters of the body
const KINDS = {
  // How the rows of a text are counted, and what is wrong with a complete body.
  ndjson: {
    mark: "\n",
    fault(text) {
      const last = text.slice(text.lastIndexOf("\n", text.length - 2) + 1);
      const { pyforge_error: error } = last ? JSON.parse(last) : {};
      return error ? `${error.message} (row ${error.row})` : null;
    },
  },
  array: { mark: '{"id":', fault: (text) => (JSON.parse(text), null) },
};

/** Read a response to its end; call `onPart` with what has come so far. */
async function read(response, mark, begun, onPart) {
  const decoder = new TextDecoder();
  const found = { count: 0, bytes: 0, parts: 0, first: 0, text: "" };
  for await (const chunk of response.body) {
    found.first ||= performance.now() - begun;
    const known = Math.max(0, found.text.length - mark.length + 1);
    found.text += decoder.decode(chunk, { stream: true });
    for (let at = found.text.indexOf(mark, known); at >= 0; at = found.text.indexOf(mark, at + mark.length)) found.count += 1;
    found.bytes += chunk.length;
    found.parts += 1;
    onPart(found);
  }
  return found;
}

/** The reason why a body is not complete, or null. */
function faultOf(kind, { text, count }) {
  try {
    return kind.fault(text) ?? (count === total ? null : `${formatCount(total - count)} airports are missing.`);
  } catch {
    return "The body ends in the middle: it is not valid JSON.";
  }
}

function show(found, begun) {
  const seconds = (performance.now() - begun) / 1000;
  progress.value = found.count;
  status.textContent = `${formatCount(found.count)} of ${formatCount(total)} airports`;
  const items = {
    received: formatBytes(found.bytes),
    "first byte": `${found.first.toFixed(0)} ms`,
    time: `${seconds.toFixed(2)} s`,
    "airports a second": formatCount(Math.round(found.count / seconds)),
    parts: formatCount(found.parts),
  };
  facts.replaceChildren(...Object.entries(items).map(([name, value]) => {
    const [item, term, said] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
    [term.textContent, said.textContent] = [name, value];
    item.append(term, said);
    return item;
  }));
  rows.firstElementChild.textContent = found.text.slice(0, SHOWN);
}

function offer(text, type, name) {
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([text], { type }));
  save.download = name;
  save.hidden = false;
}

async function run() {
  const chosen = form.querySelector("[name=format]:checked");
  const kind = KINDS[chosen.value];
  const url = `${form.dataset[form.elements.view.value]}?format=${chosen.value}`;
  const controller = new AbortController();
  stop.onclick = () => controller.abort();
  for (const element of [stop, progress, facts, rows]) element.hidden = false;
  start.disabled = save.hidden = true;
  status.textContent = "Waiting for the first rows…";
  const begun = performance.now();
  let found = { count: 0 };
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) throw new TypeError(`The server answered ${response.status}.`);
    found = await read(response, kind.mark, begun, (sofar) => show((found = sofar), begun));
    const fault = faultOf(kind, found);
    status.textContent = fault ?? `Complete: ${formatCount(found.count)} airports, ${formatBytes(found.bytes)}.`;
    if (!fault) offer(found.text, response.headers.get("Content-Type"), chosen.dataset.file);
  } catch (error) {
    const stopped = error.name === "AbortError";
    if (!stopped && !(error instanceof TypeError)) throw error;
    const reason = stopped ? "Stopped" : `The export broke off (${error.message})`;
    status.textContent = `${reason} after ${formatCount(found.count)} airports.`;
  } finally {
    start.disabled = false;
    stop.hidden = true;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
