// What must always be under the thumb: GO and back, and what makes the projector dark.

import { address, keycap, pressed } from "./controls.js";
import { titleOf } from "./cues.js";
import { find, make, write } from "./dom.js";

const LIGHT = [
  ["/panic", "Panic", "PANIC ON"],
  ["/panic/release", "Release", "RELEASE"],
  ["/blackout", "Blackout", "BLACKOUT ON"],
  ["/freeze", "Freeze", "FROZEN"],
];

export const DOCKED = new Set([...LIGHT.map(([address]) => address), "/go", "/back"]);

/** Fill the dock with those of its controls that the show has; `label(city)` is how a city is called. */
export function dock(byAddress, cues, label, desk) {
  const light = make("div", { class: "safety" });
  for (const [where, off, on] of LIGHT)
    if (byAddress.has(where)) light.append(safety(byAddress.get(where), off, on, desk));
  const steps = make("div", { class: "steps" });
  if (byAddress.has("/back")) steps.append(back(byAddress.get("/back"), cues, desk));
  if (byAddress.has("/go")) steps.append(go(byAddress.get("/go"), cues, label, desk));
  find("dock").replaceChildren(light, steps);
}

function docked(entry, button) {
  return make("div", { class: "control", data: { address: entry.address } }, button, address(entry));
}

function safety(entry, off, on, desk) {
  const text = make("span", {}, off);
  const button = make("button", { title: entry.meaning }, text, keycap(entry));
  if (entry.kind === "switch") {
    pressed(button, () => desk.set(entry.address, desk.values.get(entry.address) ? 0 : 1));
  } else {
    pressed(button, () => desk.set(entry.address));
  }
  // A release shows whether there is something to be released.
  const shown = entry.address.replace("/release", "");
  if (entry.kind === "switch" || entry.told) button.setAttribute("aria-pressed", "false");
  desk.values.on(shown, (value) => {
    button.classList.toggle("on", Boolean(value));
    if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(Boolean(value)));
    write(text, value ? on : off);
  });
  return docked(entry, button);
}

function back(entry, cues, desk) {
  const button = make(
    "button",
    { class: "back", title: entry.meaning, disabled: !cues.length },
    make("span", {}, "Back"),
    keycap(entry),
  );
  pressed(button, () => desk.set(entry.address));
  return docked(entry, button);
}

function go(entry, cues, label, desk) {
  const what = make("small", {}, cues.length ? "" : "no cue list");
  const button = make(
    "button",
    { class: "go", title: entry.meaning, disabled: !cues.length },
    make("span", {}, "GO"),
    what,
    keycap(entry),
  );
  pressed(button, () => desk.set(entry.address));
  if (cues.length) {
    desk.values.on("/cue/standby", (number) => {
      const cue = cues.find((each) => each.number === number);
      write(what, cue ? `${number} ${titleOf(cue, label)}` : "end of the list");
      button.classList.toggle("spent", !cue);
    });
  }
  return docked(entry, button);
}
