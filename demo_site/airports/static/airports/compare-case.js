// A case of the compare page: measures it, and draws its two bars.

import { ApiError, formatBytes, getJson } from "./api.js";

const SAME = 1.15; // a smaller factor is called "about the same"
const PARTS = { sql: "SQL", conversion: "conversion", encoding: "encoding", native: "Rust", whole: "" };

/** Measure one case and fill its card; give whether both sides were equal, and how many times faster ours was. */
export async function measure(card) {
  const verdict = card.querySelector("[data-verdict]");
  card.setAttribute("aria-busy", "true");
  setVerdict(verdict, "measuring…", "");
  try {
    const { data } = await getJson(card.dataset.url);
    const equal = data.difference === null;
    setVerdict(verdict, equal ? "Equal" : `Differs at ${data.difference}`, equal ? "good" : "bad");
    const factor = drawBars(card, data.sides);
    card.querySelector("[data-size]").textContent = describeSizes(data);
    return { equal, factor: equal ? factor : Number.MAX_VALUE };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setVerdict(verdict, error.message, "bad");
    return { equal: false, factor: Number.MAX_VALUE };
  } finally {
    card.setAttribute("aria-busy", "false");
  }
}

function setVerdict(verdict, text, state) {
  verdict.textContent = text;
  verdict.dataset.state = state;
}

/** Two bars, of which the longer one fills the width; each has its parts, which add up to it. Gives the factor between them. */
function drawBars(card, sides) {
  const longest = Math.max(...Object.values(sides).map(({ timing }) => timing.best));
  const legend = [];
  for (const [side, { timing }] of Object.entries(sides)) {
    const cell = card.querySelector(`[data-side=${side}]`);
    const bar = cell.querySelector(".bar");
    const keys = [];
    bar.style.width = `${(100 * timing.best) / longest}%`;
    const parts = Object.entries(timing.parts).map(([name, time]) => {
      const part = document.createElement("span");
      part.dataset.share = name === "whole" ? side : name;
      part.style.width = `${(100 * time) / timing.best}%`;
      if (PARTS[name]) keys.push(key(part.dataset.share, `${PARTS[name]} ${formatTime(time)}`));
      return part;
    });
    bar.replaceChildren(...parts);
    const median = document.createElement("small");
    median.textContent = `median ${formatTime(timing.median)}`;
    card.querySelector(`[data-time=${side}]`).replaceChildren(formatTime(timing.best), median);
    if (keys.length) legend.push(namedKeys(cell.previousElementSibling.textContent, keys));
  }
  card.querySelector("[data-keys]")?.replaceChildren(...legend);
  const factor = sides.django.timing.best / sides.pyforge.timing.best;
  const shown = card.querySelector("[data-factor]");
  [shown.textContent, shown.dataset.state] = describeFactor(factor);
  return factor;
}

/** The keys of one bar, after the bar's name: both bars have a part that is called SQL. */
function namedKeys(name, keys) {
  const group = document.createElement("span");
  group.append(`${name}: `, ...keys);
  return group;
}

function key(share, text) {
  const entry = document.createElement("span");
  const mark = document.createElement("span");
  mark.className = "key";
  mark.dataset.share = share;
  entry.append(mark, text, " ");
  return entry;
}

/** 4.2 -> ["4.2 times faster", "good"]; small gains and losses are named as such. */
function describeFactor(factor) {
  if (factor >= SAME) return [`${factor.toFixed(factor < 10 ? 1 : 0)} times faster`, "good"];
  if (factor > 1 / SAME) return ["about the same", ""];
  return [`${(1 / factor).toFixed(1)} times slower`, "bad"];
}

function describeSizes({ sides: { django, pyforge }, same_bytes: sameBytes, columns, runs }) {
  const share = Math.round(100 * (1 - pyforge.size / django.size));
  const sizes = `${formatBytes(django.size)} and ${formatBytes(pyforge.size)}${share ? ` (${share} % less)` : ""}`;
  const bytes = columns ? `; with django_bytes=True ${sameBytes ? "the same bytes" : "NOT the same bytes"}` : "";
  const read = columns ? ` ${columns.rows.toLocaleString("en")} rows, ${columns.native_columns} columns read natively, ${columns.django_columns} through Django.` : "";
  return `${sizes}${bytes}. Best of ${runs} runs.${read}`;
}

function formatTime(microseconds) {
  const [value, unit] = microseconds < 999.5 ? [microseconds, "µs"] : microseconds < 999_500 ? [microseconds / 1e3, "ms"] : [microseconds / 1e6, "s"];
  return `${value.toPrecision(3).replace(/e.*/, "")}\u00a0${unit}`;
}
