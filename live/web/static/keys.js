// The show's keys on the page: what they do in the show's window they do here, except while someone types.

const NAMES = {
  " ": "space",
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Enter: "return",
};

/** The name of a key as the table of controls has it: "f", "escape", "ctrl+q". */
export function nameOf(event) {
  const name = (NAMES[event.key] ?? event.key).toLowerCase();
  return [event.ctrlKey && "ctrl", event.altKey && "alt", event.metaKey && "meta", name]
    .filter(Boolean)
    .join("+");
}

/** The messages that keys stand for: a map from a key's name to an address and its arguments. */
export function keyMap(controls) {
  const found = new Map();
  for (const { address, kind, keys = [] } of controls) {
    for (const key of keys) {
      const name = key.toLowerCase();
      // The digits of a choice are its numbers.
      found.set(name, [address, ...(kind === "choice" && /^\d+$/.test(name) ? [Number(name)] : [])]);
    }
  }
  return found;
}

const types = (target) =>
  target instanceof Element && target.matches("input, textarea, select, [contenteditable]");

/** Hear the keys; `messages()` is the map of now, `send(address, …)` what is done. */
export function hearKeys(messages, send) {
  const heard = (event) => !types(event.target) && messages().get(nameOf(event));
  document.addEventListener("keydown", (event) => {
    // Escape leaves what is typed in; the next one is a panic.
    if (event.key === "Escape" && types(event.target)) event.target.blur();
    const message = heard(event);
    if (!message) return;
    event.preventDefault();
    if (!event.repeat) send(...message);
  });
  // So does whatever is touched next, also a fader or GO, which themselves never take the focus.
  document.addEventListener("pointerdown", (event) => {
    const typing = document.activeElement;
    if (types(typing) && !typing.contains(event.target)) typing.blur();
  });
  // A button that has the focus is pressed by space, too, in some browsers only when it is let go.
  document.addEventListener("keyup", (event) => heard(event) && event.preventDefault());
}
