// Puts the page together: films, what I pressed, counts, trends and the latest report.

import { Api, file, NoAnswer } from "./api.js";
import { Cards, name, select } from "./cards.js";
import { Counts } from "./counts.js";
import { Notice } from "./notice.js";
import * as outbox from "./outbox.js";
import * as report from "./report.js";
import * as storage from "./storage.js";
import { Trends } from "./trends.js";

const AGAIN_MS = 5000;
const $ = (id) => document.getElementById(id);

// A file that the page cannot be without.
async function needed(path) {
  for (;;) {
    try {
      const found = await file(path);
      if (found) return found;
      $("found").textContent = "The page is not complete; trying again …";
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      $("found").textContent = `${error.message} Trying again …`;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function main() {
  report.show();
  const [config, films] = await Promise.all([needed("config.json"), needed("films.json")]);
  const api = new Api(config.api);
  const titles = new Map(films.map((film) => [film.movie_id, name(film)]));
  const notice = new Notice(titles, () => sender.hurry());

  function press(film) {
    try {
      outbox.press(film.movie_id, outbox.pressed(film.movie_id) ? "unlike" : "like");
    } catch {
      notice.say("This browser has no room to keep the like, so it was not sent.");
    }
  }

  const cards = new Cards($("films"), films, press);
  const counts = new Counts(api, [...titles.keys()], { inView: () => cards.visible, changed: counted });
  const sender = new outbox.Outbox(api, {
    before: (entries) => counts.before(entries),
    taken: (entries, before) => counts.taken(entries, before),
  });

  function show() {
    const entries = outbox.waiting();
    for (const movieId of titles.keys()) {
      const waits = entries.some((entry) => entry.like.movie_id === movieId);
      cards.show(movieId, counts.shown(movieId, entries), outbox.pressed(movieId, entries), waits);
    }
    notice.show();
  }

  // Cards stay where they are while counts change: what one is about to press must not move away.
  function arrange() {
    const known = films.map((film) => ({ ...film, likes: counts.counted.get(film.movie_id) }));
    const found = select(known, $("search").value, $("order").value);
    cards.arrange(found);
    const told = found.length === 1 ? "1 film" : `${found.length} films`;
    $("found").textContent = films.length ? told : "There are no films here yet.";
  }

  let arranged = false;
  function counted() {
    show();
    if (!arranged) arrange();
    arranged = true;
  }

  $("find").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", arrange);
  $("order").addEventListener("change", arrange);
  storage.watch((kind) => {
    show();
    if (kind === "refused" || kind === null) notice.showRefused();
  });

  arrange();
  show();
  notice.showRefused();
  sender.start();
  counts.start();
  new Trends(api, titles).start();
}

main();
