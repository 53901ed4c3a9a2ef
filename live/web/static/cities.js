// The cities as big buttons, and the mix as faders.

import { address, control } from "./controls.js";
import { find, heading, make, write } from "./dom.js";

/** The cities with their pictures; the one that stands is marked, and each says what share it has. */
export function cities(entry, shown, shares, desk) {
  const known = shown.length ? shown : entry.names.map((name) => ({ name }));
  const buttons = known.map(({ name, title, thumbnail }, index) => {
    const share = make("span", { class: "share" });
    const button = make(
      "button",
      { class: "city", "aria-pressed": "false", title: entry.meaning, data: { city: name } },
      thumbnail && make("img", { src: thumbnail, alt: "", draggable: false, loading: "lazy" }),
      make("span", { class: "title" }, title ?? heading(name)),
      make("span", { class: "standing" }, "standing"),
      share,
      index < 9 ? make("kbd", { "aria-hidden": "true" }, String(index + 1)) : undefined,
    );
    button.addEventListener("click", () => desk.set(entry.address, name));
    if (shares[index]) {
      desk.values.on(shares[index].address, (value) => {
        write(share, value > 0 && value < 1 ? `${Math.round(value * 100)} %` : "");
      });
    }
    return button;
  });
  desk.values.on(entry.address, (value) => {
    buttons.forEach((button, index) =>
      button.setAttribute("aria-pressed", String(known[index].name === value)),
    );
  });
  return make(
    "div",
    { class: "control cities", data: { address: entry.address } },
    make("div", { class: "grid" }, ...buttons),
    address(entry),
  );
}

/** The buttons for the city before and the city after, side by side. */
export function steps(previous, next, desk) {
  return make(
    "div",
    { class: "row" },
    control(previous, desk, { title: "‹ Previous" }),
    control(next, desk, { title: "Next ›" }),
  );
}

/** One fader for each city's share of the sheet. */
export function mix(entries, shown, desk) {
  entries.forEach((entry, index) => {
    const title = shown[index]?.title ?? heading(entry.address.split("/").at(-1));
    find("mix").append(control(entry, desk, { title }));
  });
}
