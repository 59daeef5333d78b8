// The films as cards, each with its count and its Like button; found by title or year, and ordered.

const numbers = new Intl.NumberFormat("en");
const names = new Intl.Collator("en", { numeric: true });
const card = document.getElementById("card");

// The year is not known of all.
export function name(film) {
  return film.year ? `${film.title} (${film.year})` : film.title;
}

// Letters alone, so that "leon" finds "Léon".
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const orders = {
  likes: (a, b) => (b.likes ?? -1) - (a.likes ?? -1) || names.compare(a.title, b.title),
  title: (a, b) => names.compare(a.title, b.title),
  newest: (a, b) => (b.year ?? 0) - (a.year ?? 0) || names.compare(a.title, b.title),
  oldest: (a, b) => (a.year ?? Infinity) - (b.year ?? Infinity) || names.compare(a.title, b.title),
};

// Films that hold every word looked for, in order. `likes` of a film may be missing.
export function select(films, words, order) {
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  return films.filter((film) => wanted.every((word) => plain(name(film)).includes(word))).sort(orders[order]);
}

export class Cards {
  // `press(film)` is called when a Like button is pressed.
  constructor(list, films, press) {
    this.list = list;
    this.visible = new Set();
    this.cards = new Map(films.map((film) => [film.movie_id, this.make(film, press)]));
    const watcher = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (isIntersecting) this.visible.add(target.dataset.film);
        else this.visible.delete(target.dataset.film);
      }
    });
    for (const { item } of this.cards.values()) watcher.observe(item);
  }

  make(film, press) {
    const item = card.content.firstElementChild.cloneNode(true);
    const part = (selector) => item.querySelector(selector);
    const [title, pending, button] = [part("h3"), part(".pending"), part("button")];
    item.dataset.film = film.movie_id;
    title.append(film.title, " ", Object.assign(document.createElement("span"), { textContent: film.year ?? "" }));
    pending.id = `pending-${film.movie_id}`;
    button.setAttribute("aria-label", `Like ${name(film)}`);
    button.addEventListener("click", () => press(film));
    return { item, pending, button, word: part("button span"), number: part(".number"), unit: part(".unit") };
  }

  // Put the cards of these films, and no others, in this order. What has the focus keeps it.
  arrange(films) {
    const focused = document.activeElement;
    this.list.replaceChildren(...films.map((film) => this.cards.get(film.movie_id).item));
    if (this.list.contains(focused)) focused.focus();
  }

  // Show how a film is: its number (null: not known), whether I like it, and whether that is still to be sent.
  show(movieId, likes, pressed, waits) {
    const { pending, button, word, number, unit } = this.cards.get(movieId);
    const text = likes === null ? "–" : numbers.format(likes);
    if (number.textContent !== text) number.textContent = text;
    unit.textContent = likes === 1 ? "like" : "likes";
    button.setAttribute("aria-pressed", pressed);
    word.textContent = pressed ? "Liked" : "Like";
    button.title = pressed ? "Take your like back" : "";
    pending.hidden = !waits;
    // Only then: what is hidden would describe it all the same.
    if (waits) button.setAttribute("aria-describedby", pending.id);
    else button.removeAttribute("aria-describedby");
  }
}
