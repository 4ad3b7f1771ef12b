// The index: one comparison, measured now, and the world drawn from this site's own JSON.

import { AirportMap } from "./airport-map.js";
import { ApiError, describeTotals, formatCount, getJson } from "./api.js";
import { measure } from "./compare-case.js";

const card = document.querySelector("[data-case]");
if (card) await measure(card);

const canvas = document.querySelector("[data-world]");
const caption = document.querySelector("[data-world-caption]");
const map = new AirportMap(canvas, () => ({ major: getComputedStyle(canvas).color }));
try {
  const { data, bytes, ms } = await getJson(canvas.dataset.source);
  const airports = data.map(([latitude, longitude]) => ({ latitude, longitude, iata: "yes" }));
  map.show(null, airports);
  const totals = describeTotals({ requests: 1, bytes, ms });
  if (airports.length) caption.textContent = `${formatCount(airports.length)} airports: ${totals}.`;
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  caption.textContent = `The airports could not be loaded. ${error.message}`;
}
