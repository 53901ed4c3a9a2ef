// The cue list: what stands, what comes next, and what the operator is told of both.

import { address } from "./controls.js";
import { find, make, write } from "./dom.js";

/** The list. A touch on a cue makes it the next one; its own GO starts it at once. */
export function cueList(cues, byAddress, desk) {
  const standby = byAddress.get("/cue/standby");
  const rows = cues.map((cue) => {
    const number = String(cue.number);
    const go = byAddress.get(`/cue/${number}/go`);
    const jump = byAddress.get("/cue");
    const row = make(
      "li",
      { data: { cue: number } },
      make(
        "button",
        { class: "pick", title: "make this the next cue", data: standby ? { address: standby.address } : {} },
        make("span", { class: "number" }, number),
        make(
          "span",
          { class: "what" },
          make("b", {}, cue.name || cue.city || `Cue ${number}`),
          make("small", {}, [cue.name && cue.city, cue.note].filter(Boolean).join(" · ")),
        ),
        make("span", { class: "sign" }),
      ),
    );
    row.firstChild.addEventListener("click", () => standby && desk.set(standby.address, number));
    if (go ?? jump) {
      const start = make("button", { class: "start", title: `start cue ${number} at once` }, "GO");
      start.dataset.address = (go ?? jump).address;
      start.addEventListener("click", () => (go ? desk.set(go.address) : desk.set(jump.address, number)));
      row.append(start);
    }
    if (go) row.append(address(go));
    return row;
  });
  const list = make("ol", { class: "cues" }, ...rows);
  const mark = () => {
    const standing = cueOf(cues, desk.values.get("/status/cue"));
    const next = cueOf(cues, desk.values.get("/status/cue/next"));
    cues.forEach((cue, index) => {
      const row = rows[index];
      const changed = cue === standing && !row.classList.contains("standing");
      row.classList.toggle("standing", cue === standing);
      row.classList.toggle("next", cue === next);
      row.querySelector(".pick").setAttribute("aria-current", cue === standing ? "step" : "false");
      write(row.querySelector(".sign"), cue === standing ? (cue === next ? "standing, next" : "standing") : cue === next ? "next" : "");
      if (changed && row.offsetParent) row.scrollIntoView({ block: "nearest" });
    });
  };
  desk.values.on("/status/cue", mark);
  desk.values.on("/status/cue/next", mark);
  return cues.length ? list : make("p", { class: "empty" }, "This show has no cue list. Cues stand in show.toml, under [[cue]].");
}

/** The cue that a status means: by its number, by its name, or by both, as in "3 Night". */
export function cueOf(cues, told) {
  if (told === undefined || told === "") return undefined;
  const text = String(told);
  return (
    cues.find((cue) => String(cue.number) === text) ??
    cues.find((cue) => cue.name === text) ??
    cues.find((cue) => text.startsWith(`${cue.number} `))
  );
}

/** The note of the standing cue and what is left of a wait or until the next cue follows. */
export function prompt(desk) {
  const note = make("p", { class: "note" });
  const left = make("p", { class: "left" });
  desk.values.on("/status/cue/note", (text) => write(note, text ?? ""));
  desk.values.on("/status/cue/left", (seconds) => write(left, seconds > 0 ? `next cue by itself in ${seconds.toFixed(1)} s` : ""));
  find("cues").append(note, left);
}
