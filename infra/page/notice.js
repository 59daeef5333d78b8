// What is said of likes that are not sent yet, and of those that were refused.

import * as outbox from "./outbox.js";
import * as storage from "./storage.js";

const $ = (id) => document.getElementById(id);

function kept(number) {
  return `yours are kept (${number} waiting)`;
}

// What to say of so many waiting likes: a sentence for everybody, and what changes by the second for the eye alone, or a
// screen reader would read it out each second. Nothing while a first request is on its way.
export function words(number, retry, online, now) {
  if (!number || !retry) return { said: "", counting: "" };
  if (!online) return { said: `You are offline; ${kept(number)} and sent when you are back.`, counting: "" };
  const why = retry.status === 429 ? "So many people like films that likes have to wait" : "Likes cannot be sent right now";
  const seconds = Math.ceil((retry.at - now) / 1000);
  const counting = seconds > 0 ? `; trying again in ${seconds} s` : "; trying again now";
  return { said: `${why}; ${kept(number)}`, counting };
}

export class Notice {
  constructor(titles, hurry) {
    this.titles = titles;
    this.was = 0;
    $("now").addEventListener("click", hurry);
    setInterval(() => this.show(), 1000);
    for (const event of ["online", "offline"]) addEventListener(event, () => this.show());
  }

  // Say that something cannot be done, until there is something else to say.
  say(text) {
    $("status").replaceChildren(text);
    $("notice").classList.add("shown");
    this.last = text;
  }

  show() {
    const number = outbox.waiting().length;
    const retry = storage.read("retry", "all");
    const { said, counting } = words(number, retry, navigator.onLine, Date.now());
    if (said) this.was = number;
    const done = !number && this.was ? (this.was === 1 ? "Your like is sent." : `All ${this.was} likes are sent.`) : "";
    if (!number && this.was) this.was = 0;
    $("now").hidden = !said || !navigator.onLine;
    if (said) this.fill(said, counting);
    else if (done) this.fill(done, "", 4000);
    else if (this.waited) this.fill("", "");
    this.waited = Boolean(said);
  }

  fill(said, counting, gone = 0) {
    clearTimeout(this.timer);
    if (this.last !== said) {
      this.eye = Object.assign(document.createElement("span"), { ariaHidden: "true" });
      $("status").replaceChildren(said, this.eye);
      this.last = said;
    }
    if (this.eye) this.eye.textContent = counting;
    $("notice").classList.toggle("shown", Boolean(said));
    if (gone) this.timer = setTimeout(() => this.fill("", ""), gone);
  }

  // The likes that the API will never take, and why.
  showRefused() {
    const refused = storage.all("refused");
    $("refused").hidden = !refused.length;
    $("refused-list").replaceChildren(
      ...refused.map(([id, { movie_id: movieId, action, why }]) => {
        const title = this.titles.get(movieId) ?? movieId;
        const what = action === "like" ? "Your like of" : "Taking back your like of";
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Dismiss" });
        button.setAttribute("aria-label", `Dismiss the note on ${title}`);
        button.addEventListener("click", () => storage.remove("refused", id));
        const item = document.createElement("li");
        item.append(`${what} ${title} was refused: ${why} `, button);
        return item;
      }),
    );
  }
}
