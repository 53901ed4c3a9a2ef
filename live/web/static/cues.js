// The cue list: what stands, what comes next, and what the operator is told of both.

import { address } from "./controls.js";
import { find, make, write } from "./dom.js";

/** What a cue is called where it stands by itself: by its name, else by what it shows. */
export function titleOf(cue, label) {
  return cue.name || label(cue.city) || `Cue ${cue.number}`;
}

/** The list; `label(city)` is how a city is called. A touch on a cue makes it the next one; its own GO starts it at once. */
export function cueList(cues, byAddress, label, desk) {
  const rows = cues.map((cue) => {
    const { number } = cue;
    const go = byAddress.get(`/cue/${number}/go`);
    const row = make(
      "li",
      { data: { cue: number } },
      make(
        "button",
        { class: "pick", title: "make this the next cue", data: { address: "/cue/standby" } },
        make("span", { class: "number" }, number),
        make("b", {}, titleOf(cue, label)),
        make("span", { class: "sign" }),
        make("small", {}, [cue.name && cue.city && label(cue.city), cue.note].filter(Boolean).join(" · ")),
      ),
    );
    row.firstChild.addEventListener("click", () => desk.set("/cue/standby", number));
    if (go) {
      const start = make(
        "button",
        { class: "start", title: go.meaning, data: { address: go.address } },
        "GO",
      );
      start.addEventListener("click", () => desk.set(go.address));
      row.append(start, address(go));
    }
    return row;
  });
  const list = make("ol", { class: "cues" }, ...rows);
  const mark = () => {
    cues.forEach(({ number }, index) => {
      const row = rows[index];
      const stands = number === desk.values.get("/cue");
      const isNext = number === desk.values.get("/cue/standby");
      const moved = isNext && !row.classList.contains("next");
      row.classList.toggle("standing", stands);
      row.classList.toggle("next", isNext);
      row.querySelector(".pick").setAttribute("aria-current", stands ? "step" : "false");
      write(
        row.querySelector(".sign"),
        [stands && "standing", isNext && "next"].filter(Boolean).join(", "),
      );
      if (moved && row.offsetParent) row.scrollIntoView({ block: "nearest" });
    });
  };
  desk.values.on("/cue", mark);
  desk.values.on("/cue/standby", mark);
  return cues.length
    ? list
    : make("p", { class: "empty" }, "This show has no cue list. Cues stand in show.toml, under [[cue]].");
}

/** What the operator is told now: the standing and the next cue with their notes, and how long it is until
 * a cue begins by itself. */
export function prompt(desk) {
  const notes = ["standing", "next"].map((which) => {
    const text = make("span");
    const note = make("p", { class: `note ${which}`, hidden: true }, make("b", {}, which), text);
    const address = which === "next" ? "/status/cue/next" : "/status/cue";
    const told = { title: "", note: "" };
    const show = (what) => (value) => {
      told[what] = value ?? "";
      write(text, [told.title, told.note].filter(Boolean).join(" – "));
      note.hidden = !told.note;
    };
    desk.values.on(address, show("title"));
    desk.values.on(`${address}/note`, show("note"));
    return note;
  });
  const left = make("p", { class: "left" });
  desk.values.on("/status/cue/left", (seconds) => {
    write(left, seconds > 0 ? `a cue begins by itself in ${seconds.toFixed(1)} s` : "");
  });
  find("cues").append(make("div", { class: "prompt" }, ...notes, left));
}
