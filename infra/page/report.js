// The latest report: its headlines, and where it is.

import { file, NoAnswer } from "./api.js";

const PLACE = "/reports/";
const EVERY_MS = 5 * 60_000;

// Where a report lies; null for an address that is none of the reports.
export function address(href, origin) {
  const url = new URL(href, origin + (href.startsWith("reports/") ? "/" : PLACE));
  return url.origin === origin && url.pathname.startsWith(PLACE) ? url.pathname : null;
}

export async function show() {
  try {
    fill(await file(`${PLACE}latest.json`));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    document.getElementById("report-told").textContent = "The latest report cannot be loaded right now.";
  }
  setTimeout(show, EVERY_MS);
}

function fill(report) {
  const told = document.getElementById("report-told");
  const path = report && address(report.href, location.origin);
  if (!path) {
    told.textContent = "There is no report yet.";
    return;
  }
  const lines = report.headlines.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
  document.getElementById("headlines").replaceChildren(...lines);
  const link = Object.assign(document.createElement("a"), { href: path, textContent: `Read the report of ${report.name}` });
  const every = Object.assign(document.createElement("a"), { href: PLACE, textContent: "all reports" });
  told.replaceChildren(link, " · ", every);
}
