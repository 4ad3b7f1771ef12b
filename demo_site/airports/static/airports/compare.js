// The compare page: measures one case after the other, so that they do not disturb each other.

import { measure } from "./compare-case.js";

const cases = [...document.querySelectorAll("[data-case]")];
const button = document.querySelector("[data-run]");
const progress = document.querySelector("[data-progress]");
const overall = document.querySelector("[data-overall]");

async function measureAll() {
  button.disabled = true;
  progress.value = 0;
  let equal = 0;
  try {
    for (const [i, card] of cases.entries()) {
      overall.textContent = `Measuring ${i + 1} of ${cases.length}…`;
      equal += await measure(card);
      progress.value = i + 1;
    }
    overall.textContent = `Done: ${equal} of ${cases.length} equal in value.`;
  } finally {
    button.disabled = false;
  }
}

button.addEventListener("click", measureAll);
measureAll();
