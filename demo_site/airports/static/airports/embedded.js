// The embedded page: the airports are in the page itself, in a script element that is data.

import { AirportMap } from "./airport-map.js";
import { formatCount } from "./api.js";
import { steer } from "./steer.js";

const page = document.querySelector("[data-map]");
const canvas = document.getElementById("canvas");
const swatches = [...page.querySelectorAll("[data-colour]")];
const colours = () =>
  Object.fromEntries(swatches.map((swatch) => [swatch.dataset.colour, getComputedStyle(swatch).backgroundColor]));

const start = performance.now();
const text = document.getElementById("airports").textContent;
const airports = JSON.parse(text);
const ms = performance.now() - start;

const map = new AirportMap(canvas, colours);
steer(map, () => {}, (airport) => location.assign(`${page.dataset.airports}${airport.icao}/`));
map.show(null, airports);

const kilobytes = Math.round(new Blob([text]).size / 1000);
page.querySelector("[data-status]").textContent =
  `${formatCount(airports.length)} airports, ${formatCount(kilobytes)} KB in this page, parsed in ${ms.toFixed(0)} ms. ` +
  (airports.length ? "" : "Load them once: python -m demo_site.manage seed_demo");
