// What every control is at, as the show tells it: the newest values, and who wants to know.

export class Values {
  #newest = new Map();
  #listeners = new Map();
  #toAll = new Set();

  /** Take a message of changes: a mapping from addresses to lists of values. */
  take(changes) {
    for (const [address, value] of Object.entries(changes)) {
      this.#newest.set(address, value);
      for (const listener of this.#listeners.get(address) ?? []) listener(...value);
    }
    for (const listener of this.#toAll) listener(changes);
  }

  /** The first value at an address; undefined if it was never told. */
  get(address) {
    return this.#newest.get(address)?.[0];
  }

  /** All values at an address; none if it was never told. */
  all(address) {
    return this.#newest.get(address) ?? [];
  }

  /** Call a listener with the values of an address at each change, and now if there are some. */
  on(address, listener) {
    if (!this.#listeners.has(address)) this.#listeners.set(address, new Set());
    this.#listeners.get(address).add(listener);
    if (this.#newest.has(address)) listener(...this.#newest.get(address));
  }

  /** Call a listener with each message of changes. */
  onAny(listener) {
    this.#toAll.add(listener);
  }

  /** Forget everything, also who listens: another show may have begun. */
  clear() {
    this.#newest.clear();
    this.#listeners.clear();
    this.#toAll.clear();
  }
}
