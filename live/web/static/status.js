// What the show says of itself: the headline, the figures, the signs that something is held or wrong.

import { find, heading, make, write } from "./dom.js";

const FIGURES = {
  "/status/fps": ["Pictures", (fps) => `${Number(fps).toFixed(1)} fps`],
  "/status/latency": ["Latency", (ms) => `${Math.round(ms)} ms`],
  "/status/dropped": ["Dropped", String],
  "/status/camera": ["Camera", String],
  "/status/engine": ["Engine", String],
  "/status/city": ["City", String],
  "/status/drift": ["Drift", (drift) => Number(drift).toFixed(1)],
  "/status/midi": ["MIDI", (names) => names || "none"],
  "/status/clients": ["OSC clients", String],
  "/status/oscquery": ["OSCQuery clients", String],
  "/status/pages": ["Pages", String],
  "/status/tempo": ["Tempo", (bpm) => (bpm > 0 ? `${Number(bpm).toFixed(1)} bpm` : "none")],
};
// Shown elsewhere, or not for people.
const ELSEWHERE = new Set(
  [
    "note",
    "cue",
    "cue/note",
    "cue/next",
    "cue/next/note",
    "cue/left",
    "heartbeat",
    "cities",
    "midi/learnt",
  ].map((name) => `/status/${name}`),
);
// What keeps the projector from showing the picture as it is: by address, whether it does and what is said.
const HELD = [
  ["/panic", "panic", "PANIC", "The projector is black until RELEASE."],
  ["/blackout", "blackout", "BLACKOUT", "The projector is dark."],
  ["/freeze", "freeze", "FROZEN", "The projector holds its picture."],
  ["/opacity", "opacity", "DIMMED", "The projector is darker than it could be.", (opacity) => opacity < 1],
];

/** Show the figures, known ones in their order and any other behind them. */
export function figures(desk) {
  const list = find("figures").querySelector("dl");
  list.replaceChildren();
  const places = new Map();
  const put = (where, [title, written]) => {
    const value = make("dd", {}, "–");
    const shown = make("span", { class: "address" }, make("code", {}, where));
    list.append(make("div", { data: { status: where } }, make("dt", {}, title), value, shown));
    places.set(where, [value, written]);
  };
  for (const [where, figure] of Object.entries(FIGURES)) put(where, figure);
  desk.values.onAny((changes) => {
    for (const [where, value] of Object.entries(changes)) {
      if (!where.startsWith("/status/") || ELSEWHERE.has(where)) continue;
      if (!places.has(where)) put(where, [heading(where.slice("/status/".length)), String]);
      const [place, written] = places.get(where);
      // What is not known is told as null.
      write(place, value[0] === null ? "–" : value.length === 1 ? written(value[0]) : value.join(", "));
    }
  });
  const camera = list.querySelector('[data-status="/status/camera"]');
  desk.values.on("/status/camera", (state) => camera.classList.toggle("bad", state === "lost"));
}

/** Show the headline above and the signs below it. */
export function signs(desk) {
  const { values } = desk;
  const headline = () => {
    const parts = [];
    if (values.get("/status/fps") !== undefined) parts.push(`${Math.round(values.get("/status/fps"))} fps`);
    if (values.get("/status/latency") !== undefined)
      parts.push(`${Math.round(values.get("/status/latency"))} ms`);
    const camera = values.get("/status/camera");
    if (camera !== undefined && camera !== "running") parts.push(`camera ${camera}`);
    write(find("headline"), parts.join(" · "));
  };
  for (const name of ["fps", "latency", "camera"]) values.on(`/status/${name}`, headline);
  const fault = find("fault");
  values.on("/status/note", (note) => fault.replaceChildren(...(note ? [make("span", {}, note)] : [])));
  fault.onclick = () => find("line").classList.toggle("whole"); // long ones are cut short
  const held = () => {
    const on = HELD.filter(([address, , , , holds = Boolean]) => holds(values.get(address)));
    for (const each of HELD) document.body.classList.toggle(each[1], on.includes(each));
    const state = find("state");
    state.replaceChildren(
      ...on.map(([, name, title, text]) =>
        make("span", { class: name }, make("b", {}, title), make("i", {}, ` ${text}`)),
      ),
    );
    write(find("over"), on.map(([, , title]) => title).join(" · "));
  };
  held();
  for (const [address] of HELD) values.on(address, held);
}

/** Show a sentence of something that went wrong, for a while. */
export function error(sentence) {
  const line = make("p", {}, sentence);
  const place = find("errors");
  place.append(line);
  while (place.childElementCount > 3) place.firstChild.remove();
  const away = () => line.remove();
  line.addEventListener("click", away);
  setTimeout(away, 8000);
}
