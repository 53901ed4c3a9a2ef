// MIDI learn: press Learn, touch a control on the page, move a knob.
//
// While it is on, a touch on any control says which one is meant and does nothing else. The keys go on
// working: a panic must.

import { address, keycap } from "./controls.js";
import { find, make } from "./dom.js";

export const LEARNING = new Set(["/midi/learn", "/midi/forget"]);

export class Learn {
  #desk = null;
  #names = new Map();
  #button = null;
  #mode = null; // the address of the control that a touch is for: /midi/learn or /midi/forget

  constructor() {
    for (const event of ["pointerdown", "click"]) document.addEventListener(event, (each) => this.#touch(each), true);
  }

  /** Begin with a show's controls. */
  open(byAddress, desk) {
    this.#desk = desk;
    this.#names = new Map([...byAddress].map(([where, { name }]) => [where, name]));
    const entry = byAddress.get("/midi/learn");
    this.#button = entry && make("button", { id: "learn", title: entry.meaning, "aria-pressed": "false" }, "Learn", keycap(entry));
    this.#button?.addEventListener("click", () => this.#set(this.#mode ? null : "/midi/learn"));
    find("learn-place").replaceChildren(...(entry ? [this.#button, address(entry)] : []));
    this.#set(null);
    desk.values.on("/midi/learn", (where) => this.#show(where ?? ""));
  }

  #set(mode) {
    if (this.#mode === "/midi/learn" && this.#waits()) this.#desk.set("/midi/learn", "");
    this.#mode = mode;
    this.#show(this.#waits());
  }

  #waits() {
    return this.#desk?.values.get("/midi/learn") || "";
  }

  #touch(event) {
    if (!this.#mode || event.button > 0) return;
    const touched = event.target.closest?.("[data-address]");
    if (!touched || touched.closest("#learning, header")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type !== "click") return;
    this.#desk.set(this.#mode, touched.dataset.address);
    if (this.#mode === "/midi/forget") this.#set(null);
  }

  #show(where) {
    document.body.classList.toggle("learning", Boolean(this.#mode));
    this.#button?.setAttribute("aria-pressed", String(Boolean(this.#mode)));
    for (const each of document.querySelectorAll(".learnt")) each.classList.remove("learnt");
    const place = find("learning");
    place.hidden = !this.#mode && !where;
    if (place.hidden) return;
    if (where) {
      for (const each of document.querySelectorAll(`[data-address="${CSS.escape(where)}"]`)) each.classList.add("learnt");
    }
    const text = where
      ? ["MIDI: now move a knob or press a pad for ", make("b", {}, this.#names.get(where) ?? where), "."]
      : this.#mode === "/midi/forget"
        ? ["MIDI: touch the control here whose knobs are to be forgotten."]
        : ["MIDI: touch a control here, then move a knob."];
    const done = make("button", {}, "Done");
    done.addEventListener("click", () => {
      if (this.#waits()) this.#desk.set("/midi/learn", "");
      this.#mode = null;
      this.#show("");
    });
    const forget = make("button", { "aria-pressed": String(this.#mode === "/midi/forget") }, "Forget");
    forget.addEventListener("click", () => this.#set(this.#mode === "/midi/forget" ? "/midi/learn" : "/midi/forget"));
    place.replaceChildren(make("p", {}, ...text), ...(this.#names.has("/midi/forget") ? [forget] : []), done);
  }
}
