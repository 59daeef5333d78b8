// What this browser remembers, in localStorage: each record under a key of its own, so that two tabs that write at the
// same time never overwrite one another. A write that fails, for want of room, throws.

const PREFIX = "likes";
const watchers = new Set();

function key(kind, id) {
  return `${PREFIX}/${kind}/${id}`;
}

function changed(kind) {
  for (const watcher of watchers) watcher(kind);
}

export function read(kind, id) {
  const text = localStorage.getItem(key(kind, id));
  return text === null ? null : JSON.parse(text);
}

export function write(kind, id, value) {
  localStorage.setItem(key(kind, id), JSON.stringify(value));
  changed(kind);
}

export function remove(kind, id) {
  localStorage.removeItem(key(kind, id));
  changed(kind);
}

// All records of a kind as [id, value], by id.
export function all(kind) {
  const start = key(kind, "");
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(start))
    .sort()
    .map((name) => [name.slice(start.length), localStorage.getItem(name)])
    .filter(([, text]) => text !== null) // another tab removed it meanwhile
    .map(([id, text]) => [id, JSON.parse(text)]);
}

// Call back with the kind of what changed, here or in another tab.
export function watch(watcher) {
  watchers.add(watcher);
}

addEventListener("storage", (event) => {
  if (event.key === null) changed(null); // all of it was cleared
  else if (event.key.startsWith(`${PREFIX}/`)) changed(event.key.split("/")[1]);
});
