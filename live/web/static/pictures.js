// The live pictures: the city as the projector shows it, the sheet's labels, the camera.
//
// The next picture is asked for when the last one has been drawn, and only for what can be seen: a slow
// phone gets fewer, and a page in another tab gets none.

import { make, write } from "./dom.js";

// By the number that a picture comes under.
const KINDS = [
  { name: "camera", title: "Camera", type: "image/jpeg" },
  { name: "labels", title: "Labels", type: "image/png" },
  { name: "city", title: "City", type: "image/jpeg" },
];
const ORDER = ["city", "labels", "camera"];

export class Pictures {
  #link;
  #place;
  #shown = new Map();
  #asked = new Set();
  #onScreen = new Set();
  #copies = [];

  constructor(link, place) {
    this.#link = link;
    this.#place = place;
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#see(target.dataset.picture, isIntersecting);
    });
    for (const name of ORDER) {
      const { title } = KINDS.find((kind) => kind.name === name);
      const canvas = make("canvas", { width: 16, height: 16 });
      const rate = make("small", { class: "rate" });
      const figure = make(
        "figure",
        { data: { picture: name }, class: name === "city" ? "large" : "" },
        canvas,
        make("p", { class: "none" }, "no picture yet"),
        make("figcaption", {}, title, rate),
      );
      if (name === "city") figure.append(make("p", { id: "over" }));
      figure.tabIndex = 0;
      figure.setAttribute("aria-label", `${title}, live; press to make it large`);
      const enlarge = () => this.#enlarge(name);
      figure.addEventListener("click", enlarge);
      figure.addEventListener("keydown", (event) => event.key === "Enter" && enlarge());
      place.append(figure);
      watch.observe(figure);
      this.#shown.set(name, { figure, canvas, rate, drawn: [] });
    }
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  /** A canvas that shows the labels, too: behind the pad on which an iris is placed, in the dark as well. */
  copy() {
    const canvas = make("canvas", { width: 16, height: 16 });
    this.#copies = [canvas];
    return canvas;
  }

  /** The connection has come: nothing that was asked for before it will arrive. */
  opened() {
    this.#asked.clear();
    this.#ask();
  }

  /** A picture has come: which of them, and the bytes of its file. */
  async take(which, bytes) {
    if (!KINDS[which]) return;
    const { name, type } = KINDS[which];
    const shown = this.#shown.get(name);
    try {
      const bitmap = await createImageBitmap(new Blob([bytes], { type }));
      draw(shown.canvas, bitmap);
      if (name === "labels") for (const copy of this.#copies) if (copy.offsetParent) draw(copy, bitmap);
      bitmap.close();
      shown.figure.classList.add("live");
      this.#count(shown);
    } catch {
      // Half a picture: the next one is whole.
    }
    this.#asked.delete(name);
    this.#ask();
  }

  #see(name, visible) {
    if (visible) this.#onScreen.add(name);
    else this.#onScreen.delete(name);
    this.#ask();
  }

  #ask() {
    if (document.hidden) return;
    const wanted = [...this.#onScreen].filter((name) => !this.#asked.has(name));
    if (wanted.length && this.#link()?.send({ want: wanted }))
      wanted.forEach((name) => this.#asked.add(name));
  }

  #count(shown) {
    const now = performance.now();
    shown.drawn = [...shown.drawn.filter((at) => now - at < 2000), now];
    const span = now - shown.drawn[0];
    if (span > 500) write(shown.rate, `${Math.round(((shown.drawn.length - 1) * 1000) / span)} fps`);
  }

  /** Make one of them the large one; where there is little room, all are small until one is asked for. */
  #enlarge(name) {
    const { classList } = this.#shown.get(name).figure;
    this.#place.classList.toggle(
      "enlarged",
      !classList.contains("large") || !this.#place.classList.contains("enlarged"),
    );
    for (const [each, { figure }] of this.#shown) figure.classList.toggle("large", each === name);
  }
}

function draw(canvas, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
}
