// The time as the API's clock has it: the API refuses a like that says it happens 10 minutes from now, and clocks of
// laptops and phones are off by more than that more often than one would think.

import * as storage from "./storage.js";

// A Date header has whole seconds, and an answer takes its time: less than this is no difference.
const NOTICEABLE_MS = 2 * 60_000;

export function now() {
  return Date.now() + offset();
}

export function offset() {
  return storage.read("clock", "offset") ?? 0;
}

// Compare clocks by an answer's Date header, which came just now.
export function heard(date) {
  const ahead = Date.parse(date ?? "") - Date.now();
  if (Number.isNaN(ahead)) return;
  const noticed = Math.abs(ahead) < NOTICEABLE_MS ? 0 : ahead;
  if (Math.abs(noticed - offset()) >= NOTICEABLE_MS) storage.write("clock", "offset", noticed);
}
