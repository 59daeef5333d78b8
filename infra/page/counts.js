// How many likes films have: what the API counts, and what of mine it cannot have counted yet.

import { NoAnswer } from "./api.js";
import * as storage from "./storage.js";

const MOST = 100; // films a request may name
const EVERY_MS = 4000;
const SOON_MS = 1000; // while a like of mine is about to be counted
const HIDDEN_MS = 60_000;
const ALL_EVERY = 15; // every so many times all films are asked for, not those in view alone
const SETTLES_MS = 10_000;

// The number to show. `counted` is the API's; `settling` tells what of mine was taken but may not be counted yet: by how
// much it changes the count, which was `base` before; `mine` is what waits to be sent. A count lags behind the 202 by
// about a second. Meanwhile the number stands where it will be, unless the API's is already past that; after `until` the
// API's number counts alone, whatever it is.
export function shown(counted, settling, mine, now) {
  if (counted === undefined) return null;
  return taken(counted, settling, now) + mine;
}

function taken(counted, settling, now) {
  if (!settling || now >= settling.until) return counted;
  const there = settling.base + settling.delta;
  if (settling.delta > 0) return Math.max(counted, there);
  if (settling.delta < 0) return Math.min(counted, there);
  return there;
}

// What likes add up to.
export function sum(entries) {
  return entries.reduce((total, entry) => total + (entry.like.action === "unlike" ? -1 : 1), 0);
}

// What settles once likes of a film were taken, together with what settles already.
export function settle(settling, base, delta, now) {
  const open = settling && now < settling.until ? settling : { base, delta: 0 };
  return { base: open.base, delta: open.delta + delta, until: now + SETTLES_MS };
}

export class Counts {
  // `inView()` gives the films to ask for; `changed()` is called when there are new counts.
  constructor(api, films, { inView, changed }) {
    Object.assign(this, { api, films, inView, changed });
    this.counted = new Map();
    this.round = 0;
    this.failures = 0;
    this.wake = () => {};
  }

  start() {
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
    addEventListener("online", () => this.wake());
    this.run();
  }

  shown(movieId, entries) {
    const mine = sum(entries.filter((entry) => entry.like.movie_id === movieId));
    return shown(this.counted.get(movieId), storage.read("settling", movieId), mine, Date.now());
  }

  // What films are counted at as their likes are sent, for the count may follow as soon as they are.
  before(entries) {
    return new Map(entries.map(({ like }) => [like.movie_id, this.counted.get(like.movie_id)]));
  }

  // Likes were taken.
  taken(entries, before) {
    for (const [movieId, base] of before) {
      const delta = sum(entries.filter((entry) => entry.like.movie_id === movieId));
      if (base === undefined || !entries.length) continue;
      storage.write("settling", movieId, settle(storage.read("settling", movieId), base, delta, Date.now()));
    }
    setTimeout(() => this.wake(), SOON_MS);
  }

  async run() {
    for (;;) {
      const wait = await this.ask().catch((error) => {
        if (!(error instanceof NoAnswer)) throw error;
        this.failures += 1;
        return Math.max(error.wait, Math.min(HIDDEN_MS, EVERY_MS * 2 ** this.failures));
      });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.wake = () => (clearTimeout(timer), resolve());
      });
    }
  }

  // Ask for the films that matter now; gives after how many milliseconds to ask again.
  async ask() {
    const settling = storage.all("settling");
    const all = this.round % ALL_EVERY === 0;
    const wanted = all ? this.films : [...new Set([...this.inView(), ...settling.map(([movieId]) => movieId)])];
    for (let first = 0; first < wanted.length; first += MOST) {
      for (const [movieId, likes] of await this.api.counts(wanted.slice(first, first + MOST))) {
        this.counted.set(movieId, likes);
      }
    }
    this.round += 1;
    this.failures = 0;
    for (const [movieId, { until }] of settling) if (Date.now() >= until) storage.remove("settling", movieId);
    this.changed();
    if (document.hidden) return HIDDEN_MS;
    return settling.length ? SOON_MS : EVERY_MS;
  }
}
