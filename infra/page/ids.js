// Ids as the server makes them: UUIDs of version 7 with 48 bits of time and 48 of chance (transform/ids.py says why).

function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function timeOrdered(milliseconds) {
  const time = Math.floor(milliseconds).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${hex(6)}`;
}

// The time in such an id; 0 where there is none.
export function timeOf(id) {
  return parseInt((id ?? "").replace("-", "").slice(0, 12), 16) || 0;
}

export function person() {
  return `web-${hex(8)}`;
}
