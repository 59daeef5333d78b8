// What is trending now, and how each film moved since the ranking before.

import { NoAnswer } from "./api.js";

const SHOWN = 8;
const EVERY_MS = 10_000; // films are ranked each minute
const HIDDEN_MS = 60_000;
const spans = { "15m": "in the last 15 minutes", "1h": "in the last hour", "24h": "in the last 24 hours" };
const numbers = new Intl.NumberFormat("en");

// How a film moved: a word for the style, an arrow for the eye, and words for everybody.
export function move(entry) {
  if (entry.previous_rank === null) return { kind: "new", arrow: "✦", words: "new" };
  const by = entry.previous_rank - entry.rank;
  if (by > 0) return { kind: "up", arrow: "▲", words: `up ${by}` };
  if (by < 0) return { kind: "down", arrow: "▼", words: `down ${-by}` };
  return { kind: "same", arrow: "=", words: "no change" };
}

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

function row(entry, title, span) {
  const moved = move(entry);
  const arrow = element("span", "arrow", moved.arrow);
  arrow.setAttribute("aria-hidden", "true");
  const net = entry.likes - entry.unlikes;
  return element(
    "li",
    moved.kind,
    element("span", "title", title),
    element("span", "move", arrow, " ", moved.words),
    element("span", "net", `${numbers.format(net)} ${net === 1 ? "like" : "likes"} ${spans[span]}`),
  );
}

export class Trends {
  constructor(api, titles) {
    this.api = api;
    this.titles = titles;
    this.list = document.getElementById("trends");
    this.told = document.getElementById("trends-told");
    this.choice = document.querySelectorAll("input[name=window]");
    this.failures = 0;
  }

  start() {
    for (const input of this.choice) input.addEventListener("change", () => this.run());
    document.addEventListener("visibilitychange", () => document.hidden || this.run());
    addEventListener("online", () => this.run());
    this.run();
  }

  get span() {
    return [...this.choice].find((input) => input.checked).value;
  }

  // Show the leaderboard, and again after a while. A newer run takes over.
  async run() {
    clearTimeout(this.timer);
    const mine = (this.running = {});
    const span = this.span;
    let wait = document.hidden ? HIDDEN_MS : EVERY_MS;
    try {
      const { etag, board } = await this.api.trends(span, SHOWN);
      if (this.running !== mine) return;
      this.failures = 0;
      this.show(span, etag, board);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (this.running !== mine) return;
      this.failures += 1;
      wait = Math.max(error.wait, Math.min(HIDDEN_MS, EVERY_MS * 2 ** this.failures));
      this.said = null;
      const old = this.list.childElementCount ? " What stands here may be old." : "";
      this.told.textContent = `What is trending cannot be loaded right now.${old}`;
    }
    this.timer = setTimeout(() => this.run(), wait);
  }

  show(span, etag, board) {
    const said = `${span} ${etag}`;
    if (said === this.said) return;
    this.said = said;
    const title = (movieId) => this.titles.get(movieId) ?? movieId;
    this.list.replaceChildren(...board.trends.map((entry) => row(entry, title(entry.movie_id), span)));
    if (!board.as_of) this.told.textContent = "Films have not been ranked yet; they are each minute.";
    else if (!board.trends.length) this.told.textContent = `Nothing was liked ${spans[span]}.`;
    else this.told.textContent = `Ranked at ${new Date(board.as_of).toLocaleTimeString()}`;
  }
}
