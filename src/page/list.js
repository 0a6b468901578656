// A list of which only a window is in the document, so that the document stays small.

/** The largest number of items in the document, and the number by which the window moves at an edge. */
const WINDOW = 80;
const STEP = 40;
/** The largest number of items that are kept; the oldest are forgotten. */
const MEMORY = 1000;
/** The distance from an edge, in pixels, within which the window moves, and the newest item counts as visible. */
const EDGE = 240;
const NEAR = 48;

/** The list, in order of arrival; `newestFirst` shows the newest item on top instead of at the bottom. */
export class WindowedList {
  /**
   * `render(item)` gives an item's element, `key(item)` its identity, `order(a, b)` compares two items if the order of
   * arrival is not the one to show; `moved(list)` is called at every change.
   */
  constructor({ list, scroller, key, render, order = () => 0, newestFirst = false, moved = () => {} }) {
    Object.assign(this, { list, scroller, key, render, order, newestFirst, moved });
    this.items = new Map();
    this.shown = new Map();
    this.end = 0;
    this.following = true;
    this.lastTop = 0;
    this.lastSizes = "";
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A picture that loads late, or a longer text in the composer, must not hide the newest item.
    const sizes = new ResizeObserver(() => this.following && this.#scrollToNewest());
    sizes.observe(scroller);
    sizes.observe(list);
  }

  /** Replaces all items, and shows the newest. */
  reset(items) {
    this.items = new Map(items.slice(-MEMORY).map((item) => [this.key(item), item]));
    this.redraw();
    this.toNewest();
  }

  /** Adds items, or replaces those with the same key. */
  put(items) {
    const change = () => {
      for (const item of items) this.#putOne(item);
      this.#sort();
      if (this.following) this.end = this.items.size;
      this.#draw();
    };
    if (this.following) {
      change();
      this.#scrollToNewest();
    } else {
      this.#keepPlace(change);
    }
    this.moved(this);
  }

  /** Adds items that are older than all others; the visible ones keep their place. */
  putBefore(items) {
    const older = items.map((item) => [this.key(item), item]).filter(([key]) => !this.items.has(key));
    this.items = new Map([...older, ...this.items]);
    this.end += older.length;
    this.#keepPlace(() => this.#draw());
    // A reader who has reached the top meanwhile cannot scroll further up, so that no event would move the window.
    this.#slide();
    this.moved(this);
  }

  /** Whether the oldest item is in the document. */
  isAtOldest() {
    return this.end <= WINDOW;
  }

  /** Forgets some of the oldest items. */
  drop(keys) {
    const dropped = keys.filter((key) => this.items.delete(key));
    if (dropped.length === 0) return;
    this.end = Math.min(this.items.size, Math.max(WINDOW, this.end - dropped.length));
    this.#keepPlace(() => this.#draw());
    this.moved(this);
  }

  /** Shows the newest item, and each newer one from then on. */
  toNewest() {
    this.end = this.items.size;
    this.following = true;
    this.#draw();
    this.#scrollToNewest();
    this.moved(this);
  }

  /** Scrolls to an item. Returns its element, or null if it is forgotten. */
  show(key) {
    if (!this.items.has(key)) return null;
    if (!this.shown.has(key)) {
      this.end = Math.min(this.items.size, [...this.items.keys()].indexOf(key) + STEP);
      this.#draw();
    }
    const element = this.shown.get(key);
    element.scrollIntoView({ block: "nearest" });
    this.#noticePlace();
    return element;
  }

  /** Draws every shown item again, for example in another language. */
  redraw() {
    this.shown.clear();
    this.list.replaceChildren();
    this.end = Math.min(this.end, this.items.size);
    this.#draw();
    this.moved(this);
  }

  #putOne(item) {
    const key = this.key(item);
    const old = this.shown.get(key);
    this.items.set(key, item);
    if (old) this.#replace(key, old, item);
    if (this.items.size > MEMORY) {
      this.items.delete(this.items.keys().next().value);
      this.end = Math.max(WINDOW, this.end - 1);
    }
  }

  #sort() {
    const items = [...this.items];
    const isSorted = items.every(([, item], index) => index === 0 || this.order(items[index - 1][1], item) <= 0);
    if (!isSorted) this.items = new Map(items.sort(([, a], [, b]) => this.order(a, b)));
  }

  #scrollToNewest() {
    this.scroller.scrollTop = this.newestFirst ? 0 : this.scroller.scrollHeight;
    this.#rememberPlace();
  }

  #sizes() {
    const { scrollHeight, clientHeight, clientWidth } = this.scroller;
    return [scrollHeight, clientHeight, clientWidth].join();
  }

  #rememberPlace() {
    this.lastTop = this.scroller.scrollTop;
    this.lastSizes = this.#sizes();
  }

  /** Whether the reader has scrolled away from the newest item; growing items above it do not count. */
  #noticePlace() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const distance = this.newestFirst ? scrollTop : scrollHeight - clientHeight - scrollTop;
    const isNear = this.end === this.items.size && distance < NEAR;
    if (isNear || this.newestFirst || scrollTop < this.lastTop) this.following = isNear;
    this.#rememberPlace();
  }

  #scrolled() {
    // A browser changes the position itself when a window is narrowed or a phone is turned; the reader has not scrolled.
    if (this.following && this.#sizes() !== this.lastSizes) this.#scrollToNewest();
    this.#noticePlace();
    this.#slide();
    this.moved(this);
  }

  /** Moves the window if the reader is near its edge. */
  #slide() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const atTop = scrollTop < EDGE;
    const atBottom = scrollHeight - clientHeight - scrollTop < EDGE;
    const [older, newer] = this.newestFirst ? [atBottom, atTop] : [atTop, atBottom];
    if (older && this.end > WINDOW) this.#moveTo(Math.max(WINDOW, this.end - STEP));
    else if (newer && this.end < this.items.size) this.#moveTo(Math.min(this.items.size, this.end + STEP));
  }

  #moveTo(end) {
    this.#keepPlace(() => {
      this.end = end;
      this.#draw();
    });
  }

  /** Changes the document, and keeps the visible items in their place. */
  #keepPlace(change) {
    const top = this.scroller.getBoundingClientRect().top;
    const looked = [...this.list.children].filter((child) => child.getBoundingClientRect().bottom > top);
    const places = looked.map((child) => [child.dataset.key, child.getBoundingClientRect().top]);
    change();
    const [key, before] = places.find(([key]) => this.shown.has(key)) ?? [];
    if (key) this.scroller.scrollTop += this.shown.get(key).getBoundingClientRect().top - before;
  }

  #draw() {
    this.list.hidden = this.items.size === 0;
    const items = [...this.items].slice(Math.max(0, this.end - WINDOW), this.end);
    const wanted = new Set(items.map(([key]) => key));
    for (const [key, element] of this.shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.shown.delete(key);
    }
    let place = this.list.firstChild;
    for (const [key, item] of this.newestFirst ? items.reverse() : items) {
      const element = this.shown.get(key) ?? this.#rendered(key, item);
      if (element === place) place = place.nextSibling;
      else this.list.insertBefore(element, place);
    }
  }

  #rendered(key, item) {
    const element = this.render(item);
    element.dataset.key = key;
    this.shown.set(key, element);
    return element;
  }

  /** Draws one item again, and gives the focus back to the same control. */
  #replace(key, old, item) {
    const control = old.contains(document.activeElement) ? document.activeElement.dataset.control : null;
    const element = this.#rendered(key, item);
    old.replaceWith(element);
    if (control) element.querySelector(`[data-control="${control}"]`)?.focus({ preventScroll: true });
  }
}
