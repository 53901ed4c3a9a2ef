// The log of who changed what, the newest on top.

import { find, make } from "./dom.js";

const KEPT = 200;

export function clear() {
  find("journal").querySelector("ol").replaceChildren();
}

/** Take new entries, the newest last. */
export function log(entries) {
  const list = find("journal").querySelector("ol");
  for (const { number, at, sender, address, text } of entries) {
    const time = new Date(at * 1000).toLocaleTimeString([], { hour12: false });
    list.prepend(
      make(
        "li",
        { data: { number } },
        make("time", {}, time),
        make("b", {}, sender),
        make("span", {}, make("code", {}, address), ` ${text}`),
      ),
    );
  }
  while (list.childElementCount > KEPT) list.lastChild.remove();
}
