// Fetching from the site's JSON endpoints.

/** What an endpoint answered with an error: its own words. */
export class ApiError extends Error {}

/** Give { data, bytes, ms } for a JSON address; throw an ApiError that can be shown to the reader. */
export async function getJson(url, { signal } = {}) {
  const start = performance.now();
  let response;
  let text;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Is it still running?");
  }
  const ms = performance.now() - start;
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new ApiError(`The server answered ${response.status} without JSON. Its log says why.`);
  }
  if (!response.ok) {
    const errors = Object.values(data.errors ?? {}).flat();
    throw new ApiError([data.title, ...(errors.length ? errors : [data.detail])].filter(Boolean).join(": "));
  }
  return { data, bytes: new Blob([text]).size, ms };
}

/** Fetch a list endpoint page by page; call `onPage(rows, totals)` for each, give the totals at the end. */
export async function getPages(url, onPage, { signal } = {}) {
  const totals = { count: 0, loaded: 0, requests: 0, bytes: 0, ms: 0 };
  for (let next = url; next; ) {
    const { data, bytes, ms } = await getJson(next, { signal });
    totals.count = data.count;
    totals.loaded += data.results.length;
    totals.requests += 1;
    totals.bytes += bytes;
    totals.ms += ms;
    onPage(data.results, totals);
    next = data.next;
  }
  return totals;
}

const whole = new Intl.NumberFormat("en");

/** 28298 -> "28,298" */
export const formatCount = (number) => whole.format(number);

/** 1234567 -> "1.2 MB" */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** "4 requests, 1.29 MB of JSON, 120 ms" */
export function describeTotals({ requests, bytes, ms }) {
  const plural = requests === 1 ? "request" : "requests";
  return `${requests} ${plural}, ${formatBytes(bytes)} of JSON, ${Math.round(ms)} ms`;
}
