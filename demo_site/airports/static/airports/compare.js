// The compare page: measures one case after the other, so that they do not disturb each other.

import { measure } from "./compare-case.js";

const list = document.querySelector("[data-cases]");
const cases = [...list.children];
const button = document.querySelector("[data-run]");
const progress = document.querySelector("[data-progress]");
const overall = document.querySelector("[data-overall]");

async function measureAll() {
  button.disabled = true;
  progress.value = 0;
  let equal = 0;
  const factors = new Map();
  try {
    for (const [i, card] of cases.entries()) {
      overall.textContent = `Measuring ${i + 1} of ${cases.length}…`;
      const found = await measure(card);
      equal += found.equal;
      factors.set(card, found.factor);
      progress.value = i + 1;
    }
    sortCases(factors);
    overall.textContent = `Done: ${equal} of ${cases.length} equal in value.`;
  } finally {
    button.disabled = false;
  }
}

/** Put the strongest cases first. Once, when all are measured; a card in its place is not moved. */
function sortCases(factors) {
  cases.sort((one, other) => factors.get(other) - factors.get(one));
  const focused = document.activeElement;
  for (const [i, card] of cases.entries()) {
    if (list.children[i] !== card) list.insertBefore(card, list.children[i]);
  }
  focused?.focus({ preventScroll: true }); // a moved element loses it
}

button.addEventListener("click", measureAll);
measureAll();
