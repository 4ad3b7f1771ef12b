// The compare page: asks for one comparison after the other, so that they do not disturb each other.

import { ApiError, formatBytes, getJson } from "./api.js";

const SAME = 1.15; // a smaller factor is called "about the same"
const cases = [...document.querySelectorAll("[data-case]")];
const button = document.querySelector("[data-run]");
const overall = document.querySelector("[data-overall]");

async function measureAll() {
  button.disabled = true;
  let equal = 0;
  try {
    for (const [i, card] of cases.entries()) {
      overall.textContent = `Measuring ${i + 1} of ${cases.length}…`;
      equal += await measure(card);
    }
    overall.textContent = `Done: ${equal} of ${cases.length} equal in value.`;
  } finally {
    button.disabled = false;
  }
}

/** Measure one case and fill its card; give whether both sides were equal. */
async function measure(card) {
  const verdict = card.querySelector("[data-verdict]");
  card.setAttribute("aria-busy", "true");
  setVerdict(verdict, "measuring…", "");
  try {
    const { data } = await getJson(card.dataset.url);
    const equal = data.difference === null;
    setVerdict(verdict, equal ? "Equal" : `Differs at ${data.difference}`, equal ? "good" : "bad");
    for (const stage of card.querySelectorAll("[data-stage]")) fillStage(stage, data);
    if (data.sides.django.parts) fillParts(card.querySelector(".parts"), data);
    card.querySelector("[data-size]").textContent = describeSizes(data);
    return equal;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setVerdict(verdict, error.message, "bad");
    return false;
  } finally {
    card.setAttribute("aria-busy", "false");
  }
}

function setVerdict(verdict, text, state) {
  verdict.textContent = text;
  verdict.dataset.state = state;
}

function fillStage(stage, { sides }) {
  const timings = Object.fromEntries(
    Object.entries(sides).map(([side, { stages }]) => [side, stages[stage.dataset.stage]]),
  );
  const longest = Math.max(...Object.values(timings).map(({ best }) => best));
  for (const [side, { best, median }] of Object.entries(timings)) {
    const row = stage.querySelector(`[data-side=${side}]`);
    row.querySelector(".bar").style.width = `${(100 * best) / longest}%`;
    row.querySelector(".number").textContent = `${formatTime(best)} (median ${formatTime(median)})`;
  }
  const factor = stage.querySelector("[data-factor]");
  [factor.textContent, factor.dataset.state] = describeFactor(timings.django.best / timings.pyforge.best);
}

/** The table of parts; the longer side's bar fills the width. */
function fillParts(section, { sides, columns }) {
  const sum = ({ parts }) => Object.values(parts).reduce((total, { best }) => total + best, 0);
  const longest = Math.max(...Object.values(sides).map(sum));
  for (const [side, { parts }] of Object.entries(sides)) {
    const rows = section.querySelector(`[data-parts-of=${side}]`);
    for (const [part, { best, median }] of Object.entries(parts)) {
      rows.querySelector(`[data-share=${part}]`).style.width = `${(100 * best) / longest}%`;
      const note = document.createElement("small");
      note.textContent = `${part === "native" ? "in one pass, " : ""}median ${formatTime(median)}`;
      rows.querySelector(`[data-time=${part}]`).replaceChildren(formatTime(best), note);
    }
  }
  section.querySelector("[data-columns]").textContent = describeColumns(columns);
}

function describeColumns({ rows, native_columns: native, django_columns: django, rescued }) {
  const text = `PyForge read ${rows.toLocaleString("en")} rows: ${native} columns natively, ${django} through Django.`;
  if (!rescued) return text;
  return `${text} ${rescued.toLocaleString("en")} values of native columns went through Django’s converters one by one, under SQL.`;
}

/** 4.2 -> ["4.2 times faster", "good"]; small gains and losses are named as such. */
function describeFactor(factor) {
  if (factor >= SAME) return [`${factor.toFixed(factor < 10 ? 1 : 0)} times faster`, "good"];
  if (factor > 1 / SAME) return ["about the same", ""];
  return [`${(1 / factor).toFixed(1)} times slower`, "bad"];
}

function describeSizes({ sides: { django, pyforge }, same_bytes: sameBytes, runs }) {
  const share = Math.round(100 * (1 - pyforge.size / django.size));
  return (
    `${formatBytes(django.size)} from Django, ${formatBytes(pyforge.size)} from PyForge (${share} % less); ` +
    `with django_bytes=True ${sameBytes ? "the same bytes" : "NOT the same bytes"}. Best of ${runs} runs.`
  );
}

function formatTime(microseconds) {
  if (microseconds < 1000) return `${microseconds < 100 ? microseconds.toFixed(1) : Math.round(microseconds)}\u00a0µs`;
  return `${(microseconds / 1000).toFixed(microseconds < 1e5 ? 2 : 0)}\u00a0ms`;
}

button.addEventListener("click", measureAll);
measureAll();
