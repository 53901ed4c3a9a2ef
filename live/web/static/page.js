// The web remote of a show: everything on it is made from what the show says of itself in its greeting.

import * as city from "./cities.js";
import { control } from "./controls.js";
import { cueList, prompt } from "./cues.js";
import { DOCKED, dock } from "./dock.js";
import { find, heading, make, write } from "./dom.js";
import * as journal from "./journal.js";
import { hearKeys, keyMap } from "./keys.js";
import { LEARNING, Learn } from "./learn.js";
import { Link } from "./link.js";
import { Pictures } from "./pictures.js";
import { error, figures, signs } from "./status.js";
import { Values } from "./values.js";

const values = new Values();
const learn = new Learn();
let link = null;
let keys = new Map();
const pictures = new Pictures(() => link, find("pictures"));

/** What the parts of the page act on. */
const desk = {
  values,
  set(address, ...args) {
    if (!link.send({ set: [address, ...args] })) error(`${address} was not sent: there is no connection`);
  },
};

/** The panel that a group of controls has; one of its own for a group that the page doesn't know. */
function panelOf(group) {
  const known = {
    cities: "cities",
    fade: "fade",
    cues: "cues",
    light: "light",
    sheet: "sheet",
    desk: "desk",
  };
  if (known[group]) return find(known[group]);
  const id = `group-${group}`;
  if (!find(id)) {
    find("others").append(
      make("section", { class: "panel", id, data: { tab: "desk" } }, make("h2", {}, heading(group))),
    );
  }
  return find(id);
}

/** Controls that have no place on the page yet. */
class Unplaced {
  #entries;

  constructor(entries) {
    this.#entries = entries;
  }

  /** Those for which something holds; each is given away once. */
  take(holds = () => true) {
    const taken = this.#entries.filter(holds);
    this.#entries = this.#entries.filter((entry) => !taken.includes(entry));
    return taken;
  }
}

/** Make the page anew from what the show says of itself. */
function build(hello) {
  const byAddress = new Map(hello.controls.map((entry) => [entry.address, entry]));
  const unplaced = new Unplaced(hello.controls);
  // Cities as an audience would read them, also within words such as "dubai 40% + las-vegas 60%".
  const titles = new Map(hello.cities.map(({ name, title }) => [name, title ?? heading(name)]));
  const label = (words) =>
    words
      .replace(/ 100%$/, "")
      .split(" ")
      .map((word) => titles.get(word) ?? word)
      .join(" ");

  values.clear();
  journal.clear();
  for (const panel of document.querySelectorAll("#middle .panel, #cues")) {
    panel.replaceChildren(panel.querySelector("h2"));
  }
  find("others").replaceChildren();
  write(find("title"), hello.title);
  document.title = hello.title;
  find("draw").hidden = !hello.drawing;
  keys = keyMap(hello.controls);
  figures(desk);
  signs(desk);

  unplaced.take(({ address }) => DOCKED.has(address));
  dock(byAddress, hello.cues, label, desk);
  unplaced.take(({ address }) => LEARNING.has(address));
  learn.open(byAddress, desk);
  placeCities(unplaced, hello.cities, label);
  unplaced.take(({ address }) => /^\/cue\/[^/]+\/go$/.test(address)); // each beside its cue
  prompt(desk);
  find("cues").append(cueList(hello.cues, byAddress, label, desk));
  placeRest(unplaced);
  for (const panel of document.querySelectorAll("#middle .panel")) {
    panel.classList.toggle("empty", panel.childElementCount < 2);
  }
}

function placeCities(unplaced, cities, label) {
  const shares = unplaced.take(({ address }) => address.startsWith("/mix/"));
  city.mix(shares, cities, desk);
  const [choice] = unplaced.take(({ address, kind }) => address === "/city" && kind === "choice");
  if (choice) find("cities").append(city.cities(choice, cities, shares, desk));
  const [next, previous] = unplaced.take(({ address }) => ["/city/next", "/city/prev"].includes(address));
  if (next && previous) find("cities").append(city.steps(previous, next, desk));
  for (const entry of unplaced.take(({ address }) => address.startsWith("/region/"))) {
    const title = heading(entry.address.split("/").at(-1));
    find("regions").append(control(entry, desk, { menu: true, label, title }));
  }
}

/** What has no place of its own goes to its group. */
function placeRest(unplaced) {
  const rest = unplaced.take();
  // A point and its parts stand behind the others: it needs the most room.
  const points = rest.filter(({ kind }) => kind === "point").map(({ address }) => address);
  const isOfPoint = ({ address }) => points.some((point) => address.startsWith(point));
  for (const entry of [...rest.filter((each) => !isOfPoint(each)), ...rest.filter(isOfPoint)]) {
    const panel = panelOf(entry.group);
    if (!panel.querySelector(".controls")) panel.append(make("div", { class: "controls" }));
    panel.querySelector(".controls").append(
      control(entry, desk, {
        guarded: entry.group === "sheet",
        typed: entry.group === "cues" && entry.kind === "choice",
        backdrop: entry.kind === "point" ? pictures.copy() : undefined,
      }),
    );
  }
}

function connected(is, sentence) {
  document.body.classList.toggle("lost", !is);
  find("board").inert = find("dock").inert = !is;
  write(
    find("lost"),
    is ? "" : sentence || "No connection to the show. What you press does nothing. Trying again …",
  );
}

function choose(tab) {
  find("board").dataset.tab = tab;
  for (const each of find("tabs").children)
    each.setAttribute("aria-pressed", String(each.dataset.tab === tab));
  window.scrollTo(0, 0);
}

find("tabs").addEventListener(
  "click",
  (event) => event.target.dataset.tab && choose(event.target.dataset.tab),
);
choose("city");
// The token has become a cookie; it needn't stand where somebody might read it.
if (location.search) history.replaceState(null, "", "/");
find("addresses").addEventListener("click", ({ currentTarget }) => {
  const on = document.body.classList.toggle("addressed");
  currentTarget.setAttribute("aria-pressed", String(on));
});
// A button that a hand has pressed keeps no focus: Enter after it is nobody's.
document.addEventListener("click", (event) => event.detail > 0 && event.target.closest?.("button")?.blur());
hearKeys(() => (document.body.classList.contains("lost") ? new Map() : keys), desk.set);

connected(false, "Connecting …");
link = new Link({
  hello(hello) {
    build(hello);
    connected(true);
    pictures.opened();
  },
  values: (changes) => values.take(changes),
  log: journal.log,
  error,
  picture: (which, bytes) => pictures.take(which, bytes),
  lost: (sentence) => connected(false, sentence),
});

// A tablet that goes dark in the middle of a show helps nobody. Browsers allow this only on the machine
// itself and over https; elsewhere the tablet's own settings must do it.
async function stayAwake() {
  if (!document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
