// The map page: the form, the fetching, the details. Drawing is in airport-map.js.

import { AirportMap } from "./airport-map.js";
import { ApiError, describeTotals, formatCount, getJson, getPages } from "./api.js";
import { steer } from "./steer.js";

const page = document.querySelector("[data-map]");
const part = (name) => page.querySelector(`[data-${name}]`);
const [status, message, progress, details] = ["status", "message", "progress", "details"].map(part);
const canvas = document.getElementById("canvas");
const chooser = document.getElementById("country");
const land = page.querySelector(".land").parentElement;
const PAGE_SIZE = 2000;
let running = new AbortController();

// The colours live in the stylesheet: the legend wears them, and the canvas asks the legend.
const swatches = [...page.querySelectorAll("[data-colour]")];
const colours = () =>
  Object.fromEntries(swatches.map((swatch) => [swatch.dataset.colour, getComputedStyle(swatch).backgroundColor]));

const map = new AirportMap(canvas, colours);
steer(map, showDetails, (airport) => location.assign(`${page.dataset.airports}${airport.icao}/`));

/** Show the airports of a country; the empty code means the world's airports that have an IATA code. */
async function show(code) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const place = code ? chooser.selectedOptions[0].text.replace(/ \([\d,]+\)$/, "") : "the whole world";
  const query = code ? `country=${code}` : "iata=yes";
  say(null);
  showDetails(null);
  status.textContent = `Loading ${place}…`;
  try {
    const outline = code ? (await getJson(`${page.dataset.countries}${code}/`, { signal })).data.outline : null;
    const airports = [];
    map.show(outline, airports);
    const totals = await getPages(
      `${page.dataset.airports}?${query}&page_size=${PAGE_SIZE}`,
      (rows, { loaded, count }) => {
        airports.push(...rows);
        progress.hidden = loaded >= count;
        progress.value = loaded;
        progress.max = Math.max(1, count);
      },
      { signal },
    );
    map.show(outline, airports);
    report(place, outline, airports, totals);
  } catch (error) {
    if (error.name === "AbortError") return; // another country was chosen meanwhile
    map.show(null, []);
    status.textContent = "";
    const reason = error instanceof ApiError ? error.message : "This page has a fault; the browser's console has it.";
    say(`The airports could not be loaded. ${reason}`, () => show(code));
    if (!(error instanceof ApiError)) throw error;
  } finally {
    if (!signal.aborted) progress.hidden = true;
  }
}

function report(place, outline, airports, totals) {
  const withCode = airports.filter((airport) => airport.iata).length;
  canvas.setAttribute("aria-label", `Map of ${formatCount(airports.length)} airports: ${place}`);
  status.textContent =
    `${formatCount(airports.length)} ${airports.length === 1 ? "airport" : "airports"}, ` +
    `${formatCount(withCode)} with an IATA code. ${describeTotals(totals)}.`;
  land.hidden = outline === null;
  if (airports.length === 0) say(`The source lists no airport under ${place}. Choose another country above.`);
}

/** Lay a message over the map, with a button to try again if there is something to retry; null removes it. */
function say(text, retry = null) {
  message.hidden = text === null;
  message.replaceChildren(element("p", text ?? ""));
  if (!retry) return;
  const button = element("button", "Try again");
  button.className = "button";
  button.addEventListener("click", retry);
  message.append(button);
}

function showDetails(airport) {
  if (!airport) {
    details.replaceChildren(element("p", "No airport is selected."));
    details.firstChild.className = "muted";
    return;
  }
  const list = document.createElement("dl");
  const place = [airport.city, airport.subdivision, airport.country].filter(Boolean).join(", ");
  const facts = {
    Codes: [airport.icao, airport.iata].filter(Boolean).join(" · "),
    Place: place,
    Position: `${airport.latitude.toFixed(3)}°, ${airport.longitude.toFixed(3)}°`,
    Elevation: `${formatCount(airport.elevationFt)} ft`,
    "Time zone": airport.timeZone,
  };
  for (const [name, value] of Object.entries(facts)) list.append(element("dt", name), element("dd", value));
  const link = element("a", "All columns as JSON");
  link.href = `${page.dataset.airports}${airport.icao}/`;
  details.replaceChildren(element("h2", airport.name), list, link);
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function start() {
  const asked = (new URLSearchParams(location.search).get("country") ?? "").toUpperCase();
  chooser.value = [...chooser.options].some((option) => option.value === asked) ? asked : "";
  show(chooser.value);
}

chooser.addEventListener("change", () => {
  history.pushState(null, "", chooser.value ? `?country=${chooser.value}` : location.pathname);
  show(chooser.value);
});
window.addEventListener("popstate", start);
start();
