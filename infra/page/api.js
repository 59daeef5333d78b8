// The API over HTTP. Its address is in config.json, which Terraform writes.

import * as clock from "./clock.js";

// API Gateway answers within 29 s, come what may. Giving up before would leave unknown whether a like was taken.
const POST_MS = 35_000;
const GET_MS = 15_000;

// A question without an answer; `wait` is how many milliseconds the API asks to wait.
export class NoAnswer extends Error {
  constructor(message, wait = 0) {
    super(message);
    this.wait = wait;
  }
}

// What Retry-After asks for, in milliseconds: seconds or a date (RFC 9110, section 10.2.3).
export function waitAsked(text) {
  if (!text) return 0;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  return Math.max(0, Date.parse(text) - clock.now()) || 0;
}

export class Api {
  constructor(base) {
    this.base = base;
  }

  // Post likes. Gives { status, wait, body }; status 0 means that no answer came: they may have been taken, or not.
  async post(likes) {
    try {
      const response = await fetch(`${this.base}/likes`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(likes),
        signal: AbortSignal.timeout(POST_MS),
      });
      clock.heard(response.headers.get("Date"));
      const wait = waitAsked(response.headers.get("Retry-After"));
      const body = await response.json().catch(() => ({}));
      return { status: response.status, wait, body: body ?? {} };
    } catch {
      return { status: 0, wait: 0, body: {} };
    }
  }

  // Likes of up to 100 films, as a map from film to number; throws NoAnswer.
  async counts(films) {
    const query = films.map(encodeURIComponent).join(",");
    const response = await ask(`${this.base}/likes?movie_ids=${query}`, { cache: "no-store" });
    clock.heard(response.headers.get("Date"));
    const { likes } = await response.json();
    return new Map(likes.map((film) => [film.movie_id, film.likes]));
  }

  // A leaderboard with its ETag; throws NoAnswer. The browser's own cache sends the ETag it has, and so asks no leave
  // first, as a page that sets the header itself would have to.
  async trends(span, limit) {
    const response = await ask(`${this.base}/trends?window=${span}&limit=${limit}`, { cache: "no-cache" });
    return { etag: response.headers.get("ETag"), board: await response.json() };
  }
}

// A JSON file of the site; null where there is none. Throws NoAnswer.
export async function file(path) {
  try {
    return await (await ask(path, { cache: "no-cache" })).json();
  } catch (error) {
    if (error instanceof NoAnswer && error.status === 404) return null;
    throw error;
  }
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, { ...options, signal: AbortSignal.timeout(GET_MS) });
  } catch {
    throw new NoAnswer("There is no connection.");
  }
  if (response.ok) return response;
  const error = new NoAnswer(`The answer is ${response.status}.`, waitAsked(response.headers.get("Retry-After")));
  error.status = response.status;
  throw error;
}
