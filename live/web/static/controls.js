// What a person touches for a control of each kind: trigger, switch, number, choice, point.
//
// A `desk` is what they act on: `desk.set(address, …arguments)` and `desk.values`.

import { heading, make, write } from "./dom.js";
import { Grip, draggable } from "./hand.js";

const MANY = 8; // names beyond which a choice is a menu, not buttons
const SURE = 3000; // ms in which a guarded trigger must be pressed again

/** The control that its kind asks for, with its name, its address and its keys.
 *
 * options: `title`: another heading than its name. `guarded`: a trigger that asks to be pressed twice.
 * `menu`, `typed`: a choice as a menu or to be typed, whatever the number of names. `backdrop`: the canvas behind a point.
 * `label(name)`: what a choice's names are shown as. */
export function control(entry, desk, options = {}) {
  const makers = { trigger, switch: toggle, number, choice, point };
  return ((!options.typed && makers[entry.kind]) || anything)(entry, desk, options);
}

/** The address of a control, with what it means and its keys, for who asks to see addresses. */
export function address(entry) {
  return make(
    "span",
    { class: "address" },
    make("code", {}, entry.address),
    make("small", {}, [entry.meaning, keysOf(entry) && `key ${keysOf(entry)}`].filter(Boolean).join(" · ")),
  );
}

/** The names of a control's keys, as a person says them. */
export function keysOf(entry) {
  const names = (entry.keys ?? []).map(heading);
  return names.length > 2 ? `${names[0]}–${names.at(-1)}` : names.join(", ");
}

/** A small sign for the keys of a button, where there is a keyboard. */
export function keycap(entry) {
  return keysOf(entry) ? make("kbd", { "aria-hidden": "true" }, keysOf(entry)) : undefined;
}

/** A button that acts when it is pressed, and not, as buttons do, when it is let go. */
export function pressed(button, act) {
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    act();
  });
  // From the keyboard and from a screen reader there is a click without a pointer; its count is 0.
  button.addEventListener("click", (event) => event.detail === 0 && act());
}

function frame(entry, kind, ...children) {
  return make("div", { class: `control ${kind}`, data: { address: entry.address } }, ...children);
}

function trigger(entry, desk, { title, guarded }) {
  const name = title ?? heading(entry.name);
  const text = make("span", {}, name);
  const button = make("button", { title: entry.meaning }, text, keycap(entry));
  if (!guarded) {
    button.addEventListener("click", () => desk.set(entry.address));
    return frame(entry, "trigger", button, address(entry));
  }
  let timer = 0;
  const calm = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove("armed");
    write(text, name);
  };
  button.addEventListener("click", () => {
    if (timer) {
      calm();
      desk.set(entry.address);
    } else {
      button.classList.add("armed");
      write(text, `${name}: press again`);
      timer = setTimeout(calm, SURE);
    }
  });
  return frame(entry, "trigger guarded", button, address(entry));
}

function toggle(entry, desk, { title }) {
  const state = make("span", { class: "state" });
  const button = make(
    "button",
    { title: entry.meaning, "aria-pressed": "false" },
    make("span", {}, title ?? heading(entry.name)),
    state,
    keycap(entry),
  );
  const show = (on) => {
    button.setAttribute("aria-pressed", String(Boolean(on)));
    write(state, on ? "on" : "off");
  };
  show(desk.values.get(entry.address));
  desk.values.on(entry.address, show);
  // Told on or off, never "the other way": two hands that press at once mean the same.
  const act = () => desk.set(entry.address, desk.values.get(entry.address) ? 0 : 1);
  button.addEventListener("click", act);
  return frame(entry, "switch", button, address(entry));
}

/** How numbers of a unit are written, read and laid along a fader. */
function scaleOf({ low, high, unit }) {
  const share = low === 0 && high === 1;
  const span = high - low;
  // Short times matter more than long ones.
  const power = /^s(ec|$)/.test(unit ?? "") && span > 20 ? 3 : 1;
  const digits = span > 20 && power === 1 ? 0 : span > 5 ? 1 : 2;
  const sign = { seconds: "s", "beats a minute": "bpm" }[unit] ?? unit ?? "";
  return {
    position: (value) => Math.min(Math.max((value - low) / span, 0), 1) ** (1 / power),
    within: (value) => Number(Math.min(Math.max(value, low), high).toFixed(3)),
    value: (position) => Number((low + span * position ** power).toFixed(share ? 3 : 2)),
    write: (value) =>
      share ? `${Math.round(value * 100)} %` : `${Number(value).toFixed(digits)} ${sign}`.trim(),
    read: (text) => Number.parseFloat(text.replace(",", ".")) / (share ? 100 : 1),
  };
}

function number(entry, desk, { title }) {
  if (!Number.isFinite(entry.low) || !Number.isFinite(entry.high) || entry.low === entry.high) {
    return anything(entry, desk, { title });
  }
  const scale = scaleOf(entry);
  const name = title ?? heading(entry.name);
  const fill = make("div", { class: "fill" });
  const track = make(
    "div",
    { class: "track", role: "slider", tabIndex: 0, title: entry.meaning, "aria-label": name },
    fill,
    make("span", { class: "name" }, name),
  );
  track.setAttribute("aria-valuemin", entry.low);
  track.setAttribute("aria-valuemax", entry.high);
  const figure = make("button", { class: "figure", title: `type ${name.toLowerCase()}` }, "–");
  let at = 0; // where it is drawn, 0..1 along the track
  const show = (value) => {
    at = scale.position(value);
    fill.style.inlineSize = `${at * 100}%`;
    write(figure, scale.write(value));
    track.setAttribute("aria-valuenow", value);
    track.setAttribute("aria-valuetext", scale.write(value));
  };
  const newest = () => desk.values.get(entry.address);
  const grip = new Grip({ send: (value) => desk.set(entry.address, value), show, newest });
  desk.values.on(entry.address, (value) => grip.told(value));

  // A mouse points at where it wants the fader. A finger takes it along from where it stands, so that a
  // touch in the dark, or one that only meant to scroll, moves nothing.
  let from = null;
  draggable(track, {
    take(event) {
      grip.take();
      const { left, width } = track.getBoundingClientRect();
      const place = (event.clientX - left) / width;
      from =
        event.pointerType === "mouse"
          ? { x: event.clientX, at: place, width }
          : { x: event.clientX, at, width };
      if (event.pointerType === "mouse") grip.move(scale.value(clip(place)));
    },
    move: (event) => grip.move(scale.value(clip(from.at + (event.clientX - from.x) / from.width))),
    release: () => grip.release(),
  });
  track.addEventListener("keydown", (event) => {
    const step = { ArrowRight: entry.step, ArrowLeft: -entry.step }[event.key];
    const value = { Home: entry.low, End: entry.high }[event.key] ?? (step && scale.value(at) + step);
    if (value === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    grip.set(scale.within(value));
  });
  figure.addEventListener("click", () => {
    typed(figure, name, (text) => {
      const value = scale.read(text);
      if (Number.isFinite(value)) grip.set(scale.within(value));
    });
  });
  return frame(entry, "number", make("div", { class: "fader" }, track, figure), address(entry));
}

const clip = (place) => Math.min(Math.max(place, 0), 1);

/** Let a person type in the place of a figure; Enter takes it, Escape and leaving don't. */
function typed(figure, name, take) {
  const field = make("input", {
    class: "figure",
    inputMode: "decimal",
    value: figure.textContent,
    "aria-label": name,
  });
  let open = true;
  const end = () => {
    if (!open) return;
    open = false; // what is taken away loses the focus, and would come here again
    field.replaceWith(figure);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    const { value } = field;
    end();
    if (event.key === "Enter") take(value);
  });
  field.addEventListener("blur", end);
  figure.replaceWith(field);
  field.focus();
  field.select();
}

function choice(entry, desk, { title, menu, label = heading }) {
  const name = title ?? heading(entry.name);
  const names = entry.names ?? [];
  if (menu || names.length > MANY) return chosen(entry, desk, name, names, label);
  const buttons = names.map((each) =>
    make(
      "button",
      { "aria-pressed": "false", on: { click: () => desk.set(entry.address, each) } },
      label(each),
    ),
  );
  desk.values.on(entry.address, (value) => {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(names[index] === value)));
  });
  return frame(
    entry,
    "choice",
    make("div", { class: "head" }, make("span", { class: "name", title: entry.meaning }, name)),
    make("div", { class: "names", role: "group", "aria-label": name }, ...buttons),
    address(entry),
  );
}

function chosen(entry, desk, name, names, label) {
  const none = make("option", { value: "", disabled: true }, "–");
  const select = make("select", { "aria-label": name }, none);
  select.append(...names.map((each) => make("option", { value: each }, label(each))));
  select.value = "";
  desk.values.on(entry.address, (value) => {
    select.value = names.includes(value) ? value : "";
  });
  select.addEventListener("change", () => {
    desk.set(entry.address, select.value);
    select.blur(); // the keys are the show's again
  });
  return frame(
    entry,
    "choice menu",
    make("label", { class: "head" }, make("span", { class: "name", title: entry.meaning }, name), select),
    address(entry),
  );
}

function point(entry, desk, { title, backdrop }) {
  const name = title ?? heading(entry.name);
  const mark = make("div", { class: "mark" });
  const pad = make("div", {
    class: "pad",
    tabIndex: 0,
    role: "application",
    "aria-label": `${name}: arrows move it`,
  });
  pad.append(...[backdrop, mark].filter(Boolean));
  const figure = make("span", { class: "figure" }, "–");
  let at = [0.5, 0.5];
  const show = (value) => {
    at = value;
    mark.style.left = `${value[0] * 100}%`;
    mark.style.top = `${value[1] * 100}%`;
    write(figure, value.map((each) => Number(each).toFixed(2)).join("  "));
  };
  const newest = () => {
    const told = desk.values.all(entry.address);
    return told.length === 2 ? told : undefined;
  };
  const grip = new Grip({ send: (value) => desk.set(entry.address, ...value), show, newest });
  desk.values.on(entry.address, (x, y) => grip.told([x, y]));
  const place = (event) => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    const along = [(event.clientX - left) / width, (event.clientY - top) / height];
    grip.move(along.map((each) => Number(clip(each).toFixed(3))));
  };
  draggable(pad, {
    take(event) {
      grip.take();
      place(event);
    },
    move: place,
    release: () => grip.release(),
  });
  pad.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    grip.set(at.map((each, axis) => Number(clip(each + step[axis] / 50).toFixed(3))));
  });
  return frame(
    entry,
    "point",
    make("div", { class: "head" }, make("span", { class: "name", title: entry.meaning }, name), figure),
    pad,
    address(entry),
  );
}

/** A control whose value is typed, also one of a kind that this page doesn't know. */
function anything(entry, desk, { title }) {
  const name = title ?? heading(entry.name);
  const field = make("input", {
    "aria-label": name,
    placeholder: entry.noun ?? entry.meaning,
    autocomplete: "off",
  });
  const told = make("span", { class: "figure" });
  desk.values.on(entry.address, (...value) => write(told, value.join(" ")));
  const send = () => {
    const text = field.value.trim();
    const words = text.split(/\s+/).filter(Boolean);
    const meant = words.map((word) => (Number.isFinite(Number(word)) ? Number(word) : word));
    // A name may have spaces, and a cue's number is its name: 1.10 is not 1.1.
    desk.set(entry.address, ...(entry.kind === "choice" ? [text] : meant));
    field.value = "";
    field.blur();
  };
  field.addEventListener("keydown", (event) => event.key === "Enter" && send());
  return frame(
    entry,
    "anything",
    make("div", { class: "head" }, make("span", { class: "name", title: entry.meaning }, name), told),
    make("div", { class: "typing" }, field, make("button", { on: { click: send } }, "Send")),
    address(entry),
  );
}
