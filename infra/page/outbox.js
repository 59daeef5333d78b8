// Likes on their way: each press is kept until the API has taken it (202), and sent again with the same event id until
// then, from whichever tab is open. Each press is an event: a like that is taken back before it was sent goes out
// as both, in their order, for a request without an answer may have been taken.

import * as clock from "./clock.js";
import * as ids from "./ids.js";
import * as storage from "./storage.js";

const BATCH = 100; // a request is taken whole or not at all, and the API takes 500
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
// Until other tabs, in processes of their own, see surely what this one removed.
const SEEN_MS = 100;
const BAD_CLOCK = new Set(["liked_at_ahead", "liked_at_too_early"]);

// The likes that wait, in the order in which they were pressed.
export function waiting() {
  return storage.all("waiting").map(([, entry]) => entry);
}

export function person() {
  const known = storage.read("person", "id");
  if (known) return known;
  const made = ids.person();
  storage.write("person", "id", made);
  return made;
}

// Keep a press; throws where the browser cannot.
export function press(movieId, action) {
  const likedAt = Math.floor(clock.now());
  // The order of ids is that of presses, also where a clock was set back in between.
  const last = ids.timeOf(waiting().at(-1)?.like.event_id);
  const like = {
    event_id: ids.timeOrdered(Math.max(likedAt, last + 1)),
    movie_id: movieId,
    user_id: person(),
    action,
    liked_at: likedAt,
    source: "web",
  };
  storage.write("waiting", like.event_id, { like });
}

// Whether I like a film: by what I pressed last and what was not refused.
export function pressed(movieId, entries = waiting()) {
  const last = entries.findLast((entry) => entry.like.movie_id === movieId);
  return (last?.like.action ?? storage.read("mine", movieId)) === "like";
}

// How long to wait after so many failures: half of it is chance, so that pages spread, and never less than asked for.
export function pause(failures, asked, chance = Math.random()) {
  return Math.max(asked, Math.min(LONGEST_MS, FIRST_MS * 2 ** failures) * (0.5 + chance / 2));
}

// What an answer means for what was sent: ids that were taken, entries that are refused and why, entries to send
// again in another form, whether to send less at once, and whether to wait.
export function judge(entries, answer) {
  const verdict = { taken: [], refused: [], mended: [], smaller: false, again: false };
  const { status, body } = answer;
  const named = Array.isArray(body.errors) ? body.errors.filter((error) => entries[error.index]) : [];
  if (status === 202) verdict.taken = entries;
  else if (status === 400 && named.length) {
    for (const error of named) {
      const entry = entries[error.index];
      if (BAD_CLOCK.has(error.reason) && !entry.mended) verdict.mended.push(mended(entry));
      else verdict.refused.push([entry, error.detail ?? error.reason]);
    }
  } else if (status === 400 || status === 413) {
    if (entries.length > 1) verdict.smaller = true;
    else verdict.refused.push([entries[0], body.message ?? `HTTP ${status}`]);
  } else verdict.again = true;
  return verdict;
}

// The same event by the API's clock, or, if that is not known either, without a time: then it is the API's. A like
// that was refused for its time was never taken, so no other copy of it has another time.
function mended(entry) {
  const { liked_at: likedAt, ...like } = entry.like;
  const offset = clock.offset();
  return { like: offset ? { ...like, liked_at: likedAt + offset } : like, mended: true };
}

export class Outbox {
  // `taken(entries, before)` is called when likes were taken, with what `before(entries)` gave as they were sent.
  constructor(api, { before, taken }) {
    this.api = api;
    this.before = before;
    this.taken = taken;
    this.queued = false;
    this.batch = BATCH;
  }

  start() {
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.send());
    storage.watch((kind) => (kind === "waiting" || kind === "retry") && this.send());
    this.send();
  }

  // Try again now, or as soon as the API allows.
  hurry() {
    const retry = storage.read("retry", "all");
    if (retry) storage.write("retry", "all", { ...retry, at: retry.asked });
    this.send();
  }

  // Send what waits; one tab does at a time, and the next one finds what that left.
  async send() {
    if (this.queued || !storage.all("waiting").length) return;
    this.queued = true;
    await navigator.locks.request("likes/send", async () => {
      this.queued = false;
      while (await this.once());
    });
  }

  // One request, if it is time for one; gives whether there is more to do now.
  async once() {
    const retry = storage.read("retry", "all");
    const early = (retry?.at ?? 0) - Date.now();
    const entries = waiting().slice(0, this.batch);
    if (!entries.length) return false;
    if (early > 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), early);
      return false;
    }
    const before = this.before(entries);
    const answer = await this.api.post(entries.map((entry) => entry.like));
    this.settle(judge(entries, answer), before, answer, retry);
    await new Promise((resolve) => setTimeout(resolve, SEEN_MS));
    return true;
  }

  settle(verdict, before, answer, retry) {
    this.batch = verdict.smaller ? Math.ceil(this.batch / 2) : BATCH;
    if (verdict.again) {
      const failures = (retry?.failures ?? 0) + 1;
      const asked = Date.now() + answer.wait;
      const at = Date.now() + pause(failures - 1, answer.wait);
      storage.write("retry", "all", { failures, asked, at, status: answer.status });
      return;
    }
    if (retry) storage.remove("retry", "all");
    // Before anything that could fail: what was taken is not sent again.
    for (const { like } of verdict.taken) storage.remove("waiting", like.event_id);
    for (const { like } of verdict.taken) storage.write("mine", like.movie_id, like.action);
    this.taken(verdict.taken, before);
    for (const entry of verdict.mended) storage.write("waiting", entry.like.event_id, entry);
    for (const [{ like }, why] of verdict.refused) {
      storage.write("refused", like.event_id, { movie_id: like.movie_id, action: like.action, why });
      storage.remove("waiting", like.event_id);
    }
  }
}
