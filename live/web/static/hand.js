// A hand on a fader or a pad: what it moves is sent at a measured pace, and nothing moves under it.

const PACE = 34; // ms between two messages: at most 30 a second
const ECHO = 400; // ms after the last message in which the show may still tell an older value

/**
 * One thing that a hand can move, between the hand and the show.
 *
 * send(value): sends a value to the show. show(value): draws one. newest(): what the show told last.
 * While it is held, and a moment longer, what the show tells is not drawn: it is the echo of this very hand.
 */
export class Grip {
  #send;
  #show;
  #newest;
  #held = false;
  #settling = 0;
  #waiting = null; // the newest value that is still to be sent, in a box
  #timer = 0;
  #sentAt = -Infinity;

  constructor({ send, show, newest }) {
    this.#send = send;
    this.#show = show;
    this.#newest = newest;
  }

  take() {
    this.#held = true;
    clearTimeout(this.#settling);
    this.#settling = 0;
  }

  /** The hand has moved it to a value. */
  move(value) {
    this.#show(value);
    this.#waiting = { value };
    if (!this.#timer) this.#pace();
  }

  /** Let go: where it was left is sent for certain. */
  release() {
    if (!this.#held) return;
    this.#held = false;
    this.#settle();
  }

  /** A single move without holding: a key, a typed number. */
  set(value) {
    this.move(value);
    if (!this.#held) this.#settle();
  }

  /** The show tells a value. */
  told(value) {
    if (!this.#held && !this.#settling) this.#show(value);
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = 0;
      const value = this.#newest();
      if (value !== undefined) this.#show(value);
    }, ECHO);
  }

  #pace() {
    const rest = this.#sentAt + PACE - performance.now();
    if (rest > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = 0;
        this.#pace();
      }, rest);
      return;
    }
    if (!this.#waiting) return;
    const { value } = this.#waiting;
    this.#waiting = null;
    this.#sentAt = performance.now();
    this.#send(value);
  }
}

/**
 * Let an element be dragged with mouse, finger or pen.
 *
 * take(event), move(event, first), release(): what happens; the element keeps the pointer until it is lifted.
 */
export function draggable(element, { take, move, release }) {
  let pointer = null;
  element.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    event.preventDefault(); // no focus: the keys stay those of the show
    pointer = event.pointerId;
    element.setPointerCapture(pointer);
    element.classList.add("held");
    take(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer) move(event);
  });
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    element.classList.remove("held");
    release();
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("lostpointercapture", end);
}
