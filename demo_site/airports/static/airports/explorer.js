// The explorer: makes a request, shows what came back, and lets the debug toolbar follow.

import { formatBytes } from "./api.js";

const SHOWN = 20_000; // characters of a body
const page = document.querySelector("[data-explorer]");
const answer = page.querySelector("[data-answer]");
let newest = null; // the last call: an older one that answers later shows nothing
const part = (name) => answer.querySelector(`[data-${name}]`);

/** 'db;dur=5;desc="a, b"' -> [{ name, ms, what }] */
export function readTimings(header) {
  const metrics = header?.match(/(?:[^,"]|"[^"]*")+/g) ?? [];
  return metrics.map((metric) => {
    const [name, ...parameters] = metric.match(/(?:[^;"]|"[^"]*")+/g).map((text) => text.trim());
    const value = (key) => parameters.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
    return { name, ms: value("dur"), what: value("desc").replace(/^"|"$/g, "") };
  });
}

const isOurs = ({ name }) => name.startsWith("pyforge");

async function read(response, start) {
  const decoder = new TextDecoder();
  let [text, bytes, parts, first] = ["", 0, 0, 0];
  for await (const chunk of response.body) {
    first ||= performance.now() - start;
    bytes += chunk.length;
    parts += 1;
    text += decoder.decode(chunk, { stream: true });
  }
  return { text, bytes, parts, first, ms: performance.now() - start };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    if (current !== newest) return;
    return text; // several documents, or none
  }
}

function showFacts(facts) {
  const items = Object.entries(facts).map(([name, value]) => {
    const item = document.createElement("div");
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    said.textContent = value;
    item.append(term, said);
    return item;
  });
  part("facts").replaceChildren(...items);
  part("facts").hidden = false;
}

function showTimings(timings) {
  const rows = timings.map((timing) => {
    const row = document.createElement("tr");
    for (const text of [timing.name, timing.ms && Number(timing.ms).toFixed(2), timing.what]) row.insertCell().textContent = text;
    return row;
  });
  part("timings").tBodies[0].replaceChildren(...rows);
  part("timings").hidden = rows.length === 0;
}

function showLinks(id) {
  const link = document.createElement("a");
  link.href = `/__debug__/pyforge/stats/?request_id=${encodeURIComponent(id ?? "")}`;
  link.textContent = "the panel’s data as JSON";
  part("links").replaceChildren("What the panel has of this call: ", link);
  part("links").hidden = !id;
}

/** Call an endpoint; `isAsked` by a click, after which the page goes to the answer and opens the toolbar. */
async function call(link, isAsked) {
  for (const other of page.querySelectorAll("[data-request]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  answer.ariaBusy = "true";
  part("title").textContent = link.getAttribute("href");
  part("status").textContent = "Waiting for the answer…";
  // On a phone the answer is below the list: go there.
  const isBelow = isAsked && answer.getBoundingClientRect().top > innerHeight / 2;
  if (isBelow) answer.scrollIntoView({ behavior: "smooth", block: "start" });
  const start = performance.now();
  const current = (newest = Symbol(link.href));
  try {
    const response = await fetch(link.href, { headers: { Accept: "application/json" } });
    const { text, bytes, parts, first, ms } = await read(response, start);
    if (current !== newest) return;
    const times = { Time: `${ms.toFixed(1)} ms`, "First byte": `${first.toFixed(1)} ms` };
    answer.scrollTop = 0;
    part("status").textContent = `${response.status}, ${formatBytes(bytes)} in ${ms.toFixed(1)} ms`;
    showFacts({ Status: response.status, Size: formatBytes(bytes), ...times, Parts: parts });
    const timings = readTimings(response.headers.get("Server-Timing"));
    showTimings(timings.toSorted((one, other) => isOurs(other) - isOurs(one)));
    showLinks(response.headers.get("djdt-request-id"));
    const shown = pretty(text);
    const cut = shown.length > SHOWN ? `\n… ${(shown.length - SHOWN).toLocaleString("en")} more characters` : "";
    part("body").firstElementChild.textContent = shown.slice(0, SHOWN) + cut;
    part("body").hidden = false;
    // Once more: without its body the answer may have been too short to reach the top of the screen.
    if (isBelow) answer.scrollIntoView({ behavior: "smooth", block: "start" });
    if (isAsked && innerWidth > 900 && globalThis.djdt) {
      djdt.show_toolbar();
      document.body.classList.add("beside-toolbar");
    }
  } catch {
    if (current !== newest) return;
    part("status").textContent = "The server cannot be reached. Is it still running?";
  }
  answer.ariaBusy = "false";
}

page.addEventListener("click", (event) => {
  const link = event.target.closest("[data-request]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  call(link, true);
});

// Beside the list an empty card would say nothing. On a phone the card is below the list, where nobody looks yet.
// After the toolbar's own script, which follows only the calls that come after it.
if (innerWidth > 900) addEventListener("load", () => newest ?? call(page.querySelector("[data-request]"), false));
