// The page that is the sheet: brushes, a rubber, and fingers, pens and mice that draw with them.

import { find, make, write } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Link } from "./link.js";

const BRUSHES = [
  { class: 1, name: "Road", ink: "#000000", key: "1" },
  { class: 2, name: "Green", ink: "#00ff00", key: "2" },
  { class: 3, name: "Building", ink: "#ff0000", key: "3" },
  { class: 4, name: "Water", ink: "#0000ff", key: "4" },
  { class: 0, name: "Rubber", ink: "#ffffff", key: "0" },
];
const RUBBER = BRUSHES.at(-1);
const ERASER = 5; // the button that the other end of a pen is
const SIZES = [0.01, 0.025, 0.05, 0.1]; // shares of the sheet's side; the second is an ordinary marker
const VIEWS = { map: "Map", beside: "City beside", behind: "City behind" };
const SEND_EVERY = 40; // ms
const CLOSE = 0.0008; // of the sheet: points nearer to each other than this are one
const LONGEST = 500; // points of a part
const ARMED = 3000; // ms in which the second press of Clear counts
const PEN_REIGNS = 2000; // ms after a pen's last touch, in which a palm doesn't draw

const CITY = 2; // the number under which the city's pictures come

const sheet = find("sheet");
const canvas = find("drawing");
const ring = find("ring");
const strokes = new Map(); // those in progress, by pointer
const by = keptName();
const load = randomName();

let brush = BRUSHES[0];
const size = { brush: 1, rubber: 3 }; // each has its own
let isSheet = true; // whether the show looks at this page
let strokeCount = 0;
let sending = 0;
let penAt = -Infinity;
let cityAsked = false;
let signTimer = 0;

const link = new Link({
  hello: (hello) => {
    isSheet = hello.drawing === true;
    document.body.classList.remove("lost");
    find("elsewhere").hidden = isSheet;
    write(find("elsewhere"), isSheet ? "" : 'This show looks at a camera. Where its camera.source is "page", it is drawn here.');
    sign("");
    cityAsked = false;
    if (!isSheet) return;
    drawing.opened();
    askForCity();
  },
  lost: (sentence) => {
    document.body.classList.add("lost");
    cityAsked = false;
    sign(sentence || "Not connected; what you draw now is sent when the show is back.", true);
  },
  error: (sentence) => sign(sentence, false, true),
  drawn: (version) => drawing.drawn(version),
  stroke: (told) => drawing.heard(told),
  drawing: ({ version }) => drawing.fetch(version),
  picture: (which, bytes) => which === CITY && showCity(bytes),
});

const drawing = new Drawing(
  canvas,
  (message) => link.send({ ...message, by }),
  flush,
  (sentence) => link.isOpen && sign(sentence, false, true),
);

// Names that nobody else has. crypto.randomUUID isn't there for a page that comes over plain http.

function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keptName() {
  try {
    sessionStorage.draw ||= randomName();
    return sessionStorage.draw;
  } catch {
    return randomName(); // a browser that keeps nothing
  }
}

// Words for who draws

function sign(sentence, stays = false, wrong = false) {
  const place = find("sign");
  clearTimeout(signTimer);
  write(place, sentence);
  place.classList.toggle("wrong", wrong);
  if (sentence && !stays) signTimer = setTimeout(() => sign(""), 6000);
}

// Strokes

function place(event) {
  const box = canvas.getBoundingClientRect();
  const share = (value, start, length) => Math.round(clamp((value - start) / length, -0.5, 1.5) * 1e4) / 1e4;
  return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

function widthOf(tool) {
  return SIZES[size[sizeKind(tool)]];
}

function sizeKind(tool) {
  return tool === RUBBER ? "rubber" : "brush";
}

/** The width of a stroke where an event is: with a pen, as hard as it presses, if that is wished. */
function widthAt(event, stroke) {
  if (event.pointerType !== "pen" || !find("pressure").firstElementChild.checked) return stroke.base;
  const wished = stroke.base * (0.4 + 1.2 * event.pressure);
  return Math.abs(wished - stroke.width) > 0.1 * stroke.base ? wished : stroke.width;
}

function begin(event) {
  const rubs = event.button === ERASER;
  if ((event.button !== 0 && !rubs) || !isSheet) return;
  if (event.pointerType === "pen") {
    penAt = performance.now();
    find("pressure").hidden = false;
  }
  if (event.pointerType === "touch" && performance.now() - penAt < PEN_REIGNS) return; // a palm
  if (!drawing.hasRoom) {
    sign("There is no room for more until the show is back.", false, true);
    return;
  }
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  const tool = rubs ? RUBBER : brush;
  const base = widthOf(tool);
  const stroke = { id: `${load}-${++strokeCount}`, class: tool.class, base, width: base, points: [], last: null };
  stroke.width = widthAt(event, stroke);
  strokes.set(event.pointerId, stroke);
  sheet.classList.add("drawing");
  extend(stroke, event);
  sending ||= setInterval(flush, SEND_EVERY);
}

function move(event) {
  showRing(event);
  const stroke = strokes.get(event.pointerId);
  if (!stroke) return;
  if (event.pointerType === "pen") penAt = performance.now();
  // A fast stroke has several places between two pictures of the screen.
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) extend(stroke, each);
}

function extend(stroke, event) {
  const point = place(event);
  const last = stroke.last;
  if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < CLOSE) return;
  const width = widthAt(event, stroke);
  if (width !== stroke.width || stroke.points.length >= LONGEST) {
    tell(stroke);
    stroke.width = width;
  }
  // Each part begins where the part before it ended.
  if (last && !stroke.points.length) stroke.points.push(last);
  stroke.points.push(point);
  stroke.last = point;
  drawing.paint({ class: stroke.class, width: stroke.width, points: last ? [last, point] : [point] });
}

function end(event) {
  const stroke = strokes.get(event.pointerId);
  if (!stroke) return;
  if (event.type === "pointerup") extend(stroke, event);
  tell(stroke, true);
  strokes.delete(event.pointerId);
  if (strokes.size) return;
  clearInterval(sending);
  sending = 0;
  sheet.classList.remove("drawing");
}

function tell(stroke, done = false) {
  if (!stroke.points.length && !done) return;
  const points = stroke.points.length ? stroke.points : [stroke.last];
  drawing.add({ id: stroke.id, class: stroke.class, width: stroke.width, points, done });
  stroke.points = [];
}

function flush() {
  for (const stroke of strokes.values()) tell(stroke);
}

canvas.addEventListener("pointerdown", begin);
canvas.addEventListener("pointermove", move);
canvas.addEventListener("pointerup", end);
canvas.addEventListener("pointercancel", end);
canvas.addEventListener("lostpointercapture", end);
canvas.addEventListener("pointerleave", () => (ring.hidden = true));
canvas.addEventListener("contextmenu", (event) => event.preventDefault());

/** How thick the brush is, around a mouse or a hovering pen. */
function showRing(event) {
  ring.hidden = event.pointerType === "touch" || !isSheet;
  if (ring.hidden) return;
  const across = widthOf(brush) * canvas.clientWidth;
  ring.style.width = ring.style.height = `${across}px`;
  ring.style.transform = `translate(${event.clientX - across / 2}px, ${event.clientY - across / 2}px)`;
}

// Tools

function press(buttons, chosen) {
  buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
}

const brushButtons = BRUSHES.map((each) => {
  const ink = make("span", { class: "ink" });
  ink.style.background = each.ink;
  const properties = { title: `key ${each.key}`, data: { class: each.class }, on: { click: () => choose(each) } };
  return make("button", properties, ink, each.name);
});
find("brushes").append(...brushButtons);

const sizeButtons = SIZES.map((share, index) => {
  const dot = make("span", { class: "dot" });
  dot.style.width = dot.style.height = `${6 + 240 * share}px`;
  const properties = { "aria-label": `${share * 100} % of the sheet`, on: { click: () => chooseSize(index) } };
  return make("button", properties, dot);
});
find("sizes").append(...sizeButtons);

const viewButtons = Object.entries(VIEWS).map(([view, name]) =>
  make("button", { data: { view }, on: { click: () => chooseView(view) } }, name),
);
find("views").append(...viewButtons);

function choose(chosen) {
  brush = chosen;
  press(brushButtons, BRUSHES.indexOf(brush));
  press(sizeButtons, size[sizeKind(brush)]);
}

function chooseSize(index) {
  size[sizeKind(brush)] = clamp(index, 0, SIZES.length - 1);
  choose(brush);
}

function chooseView(view) {
  document.body.dataset.view = view;
  press(viewButtons, Object.keys(VIEWS).indexOf(view));
  askForCity();
}

function say(message) {
  flush();
  if (!link.send({ ...message, by })) sign("Not connected; try again when the show is back.", true);
}

function undo() {
  say({ undo: true });
}

let armed = 0;

function disarm() {
  clearTimeout(armed);
  armed = 0;
  find("clear").classList.remove("armed");
  write(find("clear"), "Clear");
}

function clear() {
  if (armed) {
    disarm();
    say({ clear: true });
    return;
  }
  armed = setTimeout(disarm, ARMED);
  find("clear").classList.add("armed");
  write(find("clear"), "Clear all?");
}

find("undo").addEventListener("click", undo);
find("clear").addEventListener("click", clear);

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.repeat) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    undo();
    return;
  }
  const chosen = BRUSHES.find((each) => each.key === event.key);
  if (chosen) choose(chosen);
  const step = { "[": -1, "]": 1 }[event.key];
  if (step) chooseSize(size[sizeKind(brush)] + step);
});

// The city

function askForCity() {
  if (cityAsked || document.hidden || document.body.dataset.view === "map") return;
  cityAsked = link.send({ want: ["city"] });
}

async function showCity(bytes) {
  try {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    const city = find("city");
    if (city.width !== bitmap.width) city.width = city.height = bitmap.width;
    city.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
  } catch {
    // Half a picture: the next one is whole.
  }
  cityAsked = false;
  askForCity();
}

document.addEventListener("visibilitychange", askForCity);

choose(brush);
// Whoever draws wants to see the city; a screen that is upright has no room for both.
chooseView(matchMedia("(min-aspect-ratio: 4/3)").matches ? "beside" : "map");
sign("Connecting …", true);
