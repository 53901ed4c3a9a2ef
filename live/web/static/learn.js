// MIDI learn: press Learn, touch a control on the page, move a knob.
//
// While it is on, a touch on any control says which one is meant and does nothing else. The keys go on
// working: a panic must.

import { address } from "./controls.js";
import { find, make } from "./dom.js";

export const LEARNING = new Set(["/midi/learn", "/midi/forget"]);

export class Learn {
  #desk = null;
  #controls = new Map();
  #button = null;
  #before; // what had been learnt last when this began, in words
  #mode = null; // the address of what a touch is for: /midi/learn or /midi/forget

  constructor() {
    for (const event of ["pointerdown", "click"]) {
      document.addEventListener(event, (each) => this.#touch(each), true);
    }
  }

  /** Begin with a show's controls. */
  open(byAddress, desk) {
    this.#desk = desk;
    this.#controls = byAddress;
    const entry = byAddress.get("/midi/learn");
    const place = find("learn-place");
    place.replaceChildren();
    this.#button = null;
    if (entry) {
      this.#button = make(
        "button",
        { id: "learn", title: entry.meaning, "aria-pressed": "false" },
        "Learn",
      );
      this.#button.addEventListener("click", () => this.#set(this.#mode ? null : "/midi/learn"));
      place.append(this.#button, address(entry));
    }
    this.#mode = null;
    this.#show();
    desk.values.on("/midi/learn", () => this.#show());
    desk.values.on("/status/midi/learnt", () => this.#show());
  }

  /** The address that waits for a knob; "" for none. */
  get #awaited() {
    return this.#desk.values.get("/midi/learn") ?? "";
  }

  get #learnt() {
    return this.#desk.values.get("/status/midi/learnt") ?? "";
  }

  #set(mode) {
    if (this.#awaited) this.#desk.set("/midi/learn", "");
    this.#mode = mode;
    this.#before = this.#learnt;
    this.#show();
  }

  #touch(event) {
    if (!this.#mode || event.button > 0) return;
    const touched = event.target.closest?.("[data-address]");
    if (!touched) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type !== "click") return;
    this.#desk.set(this.#mode, touched.dataset.address);
    if (this.#mode === "/midi/forget") this.#set(null);
  }

  #show() {
    const awaited = this.#awaited;
    document.body.classList.toggle("learning", Boolean(this.#mode));
    this.#button?.setAttribute("aria-pressed", String(Boolean(this.#mode)));
    for (const each of document.querySelectorAll("[data-address]")) {
      each.classList.toggle("learnt", each.dataset.address === awaited);
    }
    const place = find("learning");
    place.hidden = !this.#mode && !awaited;
    place.replaceChildren(make("p", {}, "MIDI: ", ...this.#words()), ...this.#buttons());
  }

  #words() {
    if (this.#awaited) {
      const { name, kind } = this.#controls.get(this.#awaited) ?? { name: this.#awaited };
      const stands = kind === "choice" ? this.#desk.values.get(this.#awaited) : "";
      const pad = stands ? ` A pad will always choose ${stands}, which stands now.` : "";
      return ["now move a knob or press a pad for ", make("b", {}, name), `.${pad}`];
    }
    if (this.#mode === "/midi/forget") return ["touch the control here whose knobs are to be forgotten."];
    if (this.#learnt === this.#before) return ["touch a control here, then move a knob."];
    return ["learnt ", make("b", {}, this.#learnt), ". Touch another control, or Done."];
  }

  #buttons() {
    const buttons = [];
    const entry = this.#controls.get("/midi/forget");
    if (entry) {
      const on = this.#mode === entry.address;
      const forget = make("button", { title: entry.meaning, "aria-pressed": String(on) }, "Forget");
      forget.addEventListener("click", () => this.#set(on ? "/midi/learn" : entry.address));
      buttons.push(forget, address(entry));
    }
    const done = make("button", {}, "Done");
    done.addEventListener("click", () => this.#set(null));
    return [...buttons, done];
  }
}
