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
  const known = { cities: "cities", fade: "fade", cues: "cues", light: "light", sheet: "sheet", desk: "desk" };
  if (known[group]) return find(known[group]);
  const id = `group-${group}`;
  if (!find(id)) {
    find("others").append(make("section", { class: "panel", id, data: { tab: "desk" } }, make("h2", {}, heading(group))));
  }
  return find(id);
}

function build(hello) {
  const byAddress = new Map(hello.controls.map((entry) => [entry.address, entry]));
  const left = new Set(byAddress.keys());
  const take = (belongs) => {
    const taken = [...left].filter(belongs);
    taken.forEach((address) => left.delete(address));
    return taken.map((address) => byAddress.get(address));
  };
  values.clear();
  for (const panel of document.querySelectorAll("#middle .panel, #cues")) panel.replaceChildren(panel.querySelector("h2"));
  find("others").replaceChildren();
  journal.clear();

  write(find("title"), hello.title);
  document.title = hello.title;
  find("draw").hidden = !hello.drawing;
  keys = keyMap(hello.controls);
  figures(desk);
  signs(desk);

  take((address) => DOCKED.has(address));
  dock(byAddress, hello.cues, desk);
  take((address) => LEARNING.has(address));
  learn.open(byAddress, desk);

  const shares = take((address) => address.startsWith("/mix/"));
  city.mix(shares, hello.cities, desk);
  for (const entry of take((address) => address === "/city" && byAddress.get(address).kind === "choice")) {
    find("cities").append(city.cities(entry, hello.cities, shares, desk));
  }
  const steps = take((address) => address === "/city/prev" || address === "/city/next");
  if (steps.length) find("cities").append(city.steps(steps.sort((a, b) => (a.address < b.address ? 1 : -1)), desk));
  const titles = new Map(hello.cities.map(({ name, title }) => [name, title]));
  const label = (name) => titles.get(name) ?? heading(name);
  for (const entry of take((address) => address.startsWith("/region/"))) {
    find("regions").append(control(entry, desk, { menu: true, label, title: heading(entry.address.split("/").at(-1)) }));
  }
  prompt(desk);
  take((address) => /^\/cue\/[^/]+\/go$/.test(address));
  find("cues").append(cueList(hello.cues, byAddress, label, desk));

  // What remains, by group; a point and its parts behind the rest, for it needs the most room.
  const points = [...left].filter((address) => byAddress.get(address).kind === "point");
  const isOfPoint = (address) => points.some((point) => address.startsWith(point));
  for (const entry of [...take((address) => !isOfPoint(address)), ...take(() => true)]) {
    const options = {
      guarded: entry.group === "sheet",
      typed: entry.group === "cues" && entry.kind === "choice",
      backdrop: entry.kind === "point" ? pictures.copy() : undefined,
    };
    const panel = panelOf(entry.group);
    if (!panel.querySelector(".controls")) panel.append(make("div", { class: "controls" }));
    panel.querySelector(".controls").append(control(entry, desk, options));
  }
  for (const panel of document.querySelectorAll("#middle .panel")) panel.classList.toggle("empty", panel.childElementCount < 2);
}

function connected(is, sentence) {
  document.body.classList.toggle("lost", !is);
  find("board").inert = find("dock").inert = !is;
  write(find("lost"), is ? "" : sentence || "No connection to the show. What you press does nothing. Trying again …");
}

function choose(tab) {
  find("board").dataset.tab = tab;
  for (const each of find("tabs").children) each.setAttribute("aria-pressed", String(each.dataset.tab === tab));
  window.scrollTo(0, 0);
}

find("tabs").addEventListener("click", (event) => event.target.dataset.tab && choose(event.target.dataset.tab));
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
  picture: (which, blob) => pictures.take(which, blob),
  lost: (sentence) => connected(false, sentence),
});

// A tablet that goes dark in the middle of a show helps nobody. Browsers allow this only on the machine
// itself and over https; elsewhere the tablet's own settings must do it.
async function stayAwake() {
  if (!document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
