// The connection to the show: one websocket, which comes back by itself.
//
// While there is none, what is pressed is dropped, never kept for later: a GO that arrives a minute after
// the finger would be worse than none. A connection over which nothing has come for a while counts as lost,
// too (the show tells its heartbeat every second): a phone that has left the network isn't told so.

const SILENCE = 5000; // ms
const RETRIES = [300, 700, 1500, 2500]; // ms before each attempt; the last again and again
const PATIENCE = 6000; // ms that opening may take

export class Link {
  #socket = null;
  #attempts = 0;
  #heard = 0;
  #timer = 0;
  #heed;

  /** heed: what is called: `hello`, `values`, `log`, `error` … for each part of a message by its name,
   * `picture(which, bytes)`, `lost(sentence)` whenever there is no connection. */
  constructor(heed) {
    this.#heed = heed;
    setInterval(() => this.#watch(), 500);
    const hurry = () => document.hidden || this.#hurry();
    document.addEventListener("visibilitychange", hurry);
    window.addEventListener("online", hurry);
    this.#open();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Send a message; false if there is no connection, and then it is dropped. */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#heard = Date.now();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = () => this.#lose(socket);
    this.#socket = socket;
  }

  #hear(socket, data) {
    if (socket !== this.#socket) return;
    this.#heard = Date.now();
    if (typeof data !== "string") {
      const bytes = new Uint8Array(data);
      this.#heed.picture(bytes[0], bytes.subarray(1));
      return;
    }
    const message = JSON.parse(data);
    if (message.hello) this.#attempts = 0;
    for (const [name, content] of Object.entries(message)) this.#heed[name]?.(content);
  }

  #watch() {
    const limit = this.isOpen ? SILENCE : PATIENCE;
    if (this.#socket && Date.now() - this.#heard > limit) this.#lose(this.#socket);
  }

  #lose(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.onclose = null;
    socket.close();
    const wait = RETRIES[Math.min(this.#attempts++, RETRIES.length - 1)];
    this.#timer = setTimeout(() => this.#open(), wait);
    this.#heed.lost("");
    if (this.#attempts > 1) this.#ask();
  }

  /** Why it is refused: the server says so in words, but a browser keeps from a page what a websocket's
   * handshake was answered. */
  async #ask() {
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (!answer.ok && !this.isOpen) this.#heed.lost((await answer.text()).slice(0, 300));
    } catch {
      // No answer at all: the machine or the network is away, which is what the page says anyway.
    }
  }

  #hurry() {
    if (this.#timer) this.#open();
  }
}
