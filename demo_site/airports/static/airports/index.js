// The index: the world drawn from this site's own JSON.

import { AirportMap } from "./airport-map.js";
import { ApiError, describeTotals, formatCount, getPages } from "./api.js";

const canvas = document.querySelector("[data-world]");
const caption = document.querySelector("[data-world-caption]");
const map = new AirportMap(canvas, () => ({ major: getComputedStyle(canvas).color }));
const airports = [];
try {
  const totals = await getPages(canvas.dataset.source, (rows) => airports.push(...rows));
  map.show(null, airports);
  if (airports.length) caption.textContent = `${formatCount(airports.length)} airports: ${describeTotals(totals)}.`;
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  caption.textContent = `The airports could not be loaded. ${error.message}`;
}
