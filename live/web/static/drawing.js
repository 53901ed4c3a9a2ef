// The drawing as this page knows it: what the show had at some version, and on top of it the parts of
// strokes, this page's own and those of others, that are newer.
//
// The show is the master: it puts all strokes into one order and counts them. Own parts are painted at once
// and kept until the show has told the version that each of them made, and until a drawing fetched from it
// has them. So the page may fetch the drawing at any time, in the midst of a stroke or after its connection
// was gone, and nothing is lost, doubled or out of order.

const SIDE = 1024; // pixels of the drawing
const COLOURS = ["#ffffff", "#000000", "#00ff00", "#ff0000", "#0000ff"]; // by class
const QUIET = 1500; // ms without a stroke, after which the drawing is fetched as the show has it
const MOST = 3000; // parts that are kept, newer than what was fetched
const PATIENCE = 8000; // ms

export class Drawing {
  #context;
  #send;
  #flush;
  #failed;
  #parts = []; // {told, own, version: 0 while the show hasn't told it}
  #version = 0; // that of the drawing that was fetched
  #wanted = 0; // that of the drawing that there must be at least
  #fetching = false;
  #connection = 0; // counted
  #quiet = 0;

  /** send(message): says something to the show, if there is a connection. flush(): adds what is painted and
   * not yet added. failed(sentence): is told when the drawing can't be fetched. */
  constructor(canvas, send, flush, failed) {
    canvas.width = canvas.height = SIDE;
    this.#context = canvas.getContext("2d");
    this.#context.lineCap = this.#context.lineJoin = "round";
    this.#send = send;
    this.#flush = flush;
    this.#failed = failed;
    this.#wipe();
  }

  /** Whether there is room for another part: without a connection they are kept, but not for ever. */
  get hasRoom() {
    return this.#parts.length < MOST;
  }

  /** Paint a part of a stroke: {class, width, points}. */
  paint(told) {
    const context = this.#context;
    const [[x, y], ...rest] = told.points;
    context.strokeStyle = COLOURS[told.class];
    context.lineWidth = told.width * SIDE;
    context.beginPath();
    context.moveTo(x * SIDE, y * SIDE);
    for (const [x, y] of rest.length ? rest : told.points) context.lineTo(x * SIDE, y * SIDE);
    context.stroke();
  }

  /** Tell the show an own part, which is painted already. */
  add(told) {
    this.#parts.push({ told, own: true, version: 0 });
    this.#send({ stroke: told });
    this.#wait();
  }

  /** The connection has come, perhaps to a show that was started anew: its drawing counts, and what it
   * may not have heard is said again, which does no harm. */
  opened() {
    this.#connection++;
    this.#parts = this.#parts.filter((part) => !part.version);
    this.#version = 0;
    for (const { told } of this.#parts) this.#send({ stroke: told });
    this.fetch(1);
  }

  /** The show has drawn the first own part of which it hasn't told yet; version 0: it has refused it. */
  drawn(version) {
    const index = this.#parts.findIndex((part) => part.own && !part.version);
    if (index < 0) return;
    this.#parts[index].version = version;
    if (version > this.#version) return;
    // It is in what was fetched, or was refused, and stands here on top.
    this.#parts.splice(index, 1);
    this.#wait();
  }

  /** Another page has drawn. */
  heard(told) {
    if (told.version <= this.#version) return;
    this.#parts.push({ told, own: false, version: told.version });
    this.paint(told);
    if (this.hasRoom) this.#wait();
    else this.fetch(told.version);
  }

  /** Have the drawing of the show, of this version or a later one. */
  async fetch(version) {
    this.#wanted = Math.max(this.#wanted, version);
    if (this.#fetching) return;
    this.#fetching = true;
    clearTimeout(this.#quiet);
    try {
      do {
        const connection = this.#connection;
        this.#wanted = 0;
        const answer = await fetch("/drawing.png", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
        if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
        const bitmap = await createImageBitmap(await answer.blob());
        if (connection === this.#connection) this.#put(bitmap, Number(answer.headers.get("X-Drawing-Version")));
      } while (this.#wanted > this.#version);
    } catch (error) {
      this.#failed(`The drawing can't be fetched: ${error.message}`);
      this.#wait();
    }
    this.#fetching = false;
  }

  #put(bitmap, version) {
    this.#flush();
    this.#version = version;
    this.#parts = this.#parts.filter((part) => !part.version || part.version > version);
    this.#context.drawImage(bitmap, 0, 0, SIDE, SIDE);
    bitmap.close();
    for (const { told } of this.#parts) this.paint(told);
  }

  #wipe() {
    this.#context.fillStyle = COLOURS[0];
    this.#context.fillRect(0, 0, SIDE, SIDE);
  }

  // Edges are hard on the show's sheet, and where two pages draw over each other at the same time, each sees
  // its own stroke on top: when it is quiet, all see what is.
  #wait() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.fetch(this.#version + 1), QUIET);
  }
}
