// The page's copy of the sandbox's state: loaded once, kept up to date by server-sent events, bounded.

/** The largest number of objects of each kind that are kept, the same as in the sandbox; the oldest are forgotten. */
const MOST = { user: 2000, account: 100, message: 1000, delivery: 500, call: 500, state: 1000 };
/** The largest number of a conversation's states that are shown. */
const MOST_STATES = 50;
/** The kinds of objects that `clear` removes; accounts and users stay. */
const CLEARED = ["message", "delivery", "call"];
/** The interval at which events are passed on, so that many events cause one drawing. */
const BATCH_MS = 30;
const RETRY_MS = 1500;
/** The number of the platform's tries for a message. */
const MOST_TRIES = 4;

export class Sandbox {
  user = new Map();
  account = new Map();
  message = new Map();
  delivery = new Map();
  call = new Map();
  /** The states of conversations, each with the message that made it. */
  state = new Map();
  faults = {};
  timeoutMs = 5000;
  /** The end of the pause in pushing, which follows too many late answers; null without a pause. */
  pausedUntil = null;
  /** Whether the server reports its work on the messages. */
  observed = false;
  /** Whether time can pass: the sandbox and its server share a clock. */
  canAdvance = false;
  /** Whether the server has a desk at which a person takes conversations over. */
  hasDesk = false;
  /** The address of the server's console; null where it has none that this machine reaches. */
  consoleUrl = null;
  #clockAhead = 0;
  #listeners = { loaded: [], changed: [], live: [] };
  #batch = new Map();
  #events = null;

  /**
   * `loaded()` is called when the whole state is new or was cleared; `changed(kind, items)` when some objects have
   * changed, where `kind` may also be `faults`, `paused` or `time`; `live(state)` with `live`, `connecting` or `lost`.
   */
  on(event, run) {
    this.#listeners[event].push(run);
  }

  #emit(event, ...values) {
    for (const run of this.#listeners[event]) run(...values);
  }

  /** Loads the state and follows its changes; tries again until it succeeds. */
  async connect() {
    this.#events?.close();
    this.#emit("live", "connecting");
    try {
      this.#load(await this.#ask("GET", "state"));
    } catch {
      this.#emit("live", "lost");
      setTimeout(() => this.connect(), RETRY_MS);
    }
  }

  /**
   * Ends the stream of a page that is left. A browser keeps such a page for the way back, and has six connections for a
   * server: the seventh page would wait for ever.
   */
  leave() {
    this.#events?.close();
  }

  #load(state) {
    for (const kind of Object.keys(MOST)) {
      const list = kind === "delivery" ? state.deliveries : state[`${kind}s`];
      this[kind] = new Map(list.slice(-MOST[kind]).map((item) => [item.id, item]));
    }
    this.faults = state.faults;
    this.timeoutMs = state.timeout_ms;
    this.pausedUntil = state.paused_until ?? null;
    this.observed = state.observed ?? false;
    this.canAdvance = state.can_advance ?? false;
    this.hasDesk = state.has_desk ?? false;
    this.consoleUrl = state.console_url ?? null;
    this.#clockAhead = state.now - Date.now();
    this.#batch.clear();
    this.#emit("loaded");
    this.#follow(state.last_event);
  }

  #follow(after) {
    const events = new EventSource(`sandbox/events?after=${encodeURIComponent(after)}`);
    this.#events = events;
    events.onopen = () => this.#emit("live", "live");
    events.onerror = () => {
      this.#emit("live", "lost");
      // A browser reconnects by itself after a broken connection, but not after an answer that is no stream.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#events === events && this.connect(), RETRY_MS);
    };
    for (const kind of [...Object.keys(MOST), "faults", "paused", "time"]) {
      events.addEventListener(kind, (event) => this.#put(kind, JSON.parse(event.data)));
    }
    events.addEventListener("cleared", () => this.#clear());
    events.addEventListener("reset", () => this.connect());
  }

  #put(kind, item) {
    if (kind === "faults") {
      this.faults = item;
    } else if (kind === "paused") {
      this.pausedUntil = item.paused_until ?? null;
    } else if (kind === "time") {
      this.#clockAhead = item.now - Date.now();
    } else {
      const known = this[kind];
      known.set(item.id, item);
      if (known.size > MOST[kind]) known.delete(known.keys().next().value);
    }
    if (this.#batch.size === 0) setTimeout(() => this.#flush(), BATCH_MS);
    if (!this.#batch.has(kind)) this.#batch.set(kind, new Map());
    this.#batch.get(kind).set(item.id, item);
  }

  #flush() {
    const batch = this.#batch;
    this.#batch = new Map();
    for (const [kind, items] of batch) this.#emit("changed", kind, [...items.values()]);
  }

  #clear() {
    for (const kind of CLEARED) {
      this[kind].clear();
      this.#batch.delete(kind);
    }
    this.#emit("loaded");
  }

  /** The sandbox's time, in milliseconds since 1970; the browser's clock may differ. */
  now() {
    return Date.now() + this.#clockAhead;
  }

  /** The messages between an account and a user, oldest first. */
  conversation(account, user) {
    return [...this.message.values()].filter((message) => isBetween(message, account, user));
  }

  /** The latest states of the conversation of an account and a user, oldest first. */
  history(account, user) {
    return [...this.state.values()].filter((record) => record.account === account && record.user === user).slice(-MOST_STATES);
  }

  /** The API calls that came while a delivery was the latest one of its conversation. */
  callsOf(delivery) {
    return [...this.call.values()].filter((call) => call.delivery === delivery);
  }

  addUser(id, name) {
    return this.#ask("POST", "users", JSON.stringify(name ? { id, name } : { id }));
  }

  /** Waits until a delivery has ended, accepted or not, for the longest time that its tries can take. */
  ended(delivery) {
    const latest = Date.now() + MOST_TRIES * (this.timeoutMs + RETRY_MS);
    const isUnderWay = () => (this.delivery.get(delivery)?.state ?? "waiting") === "waiting";
    return new Promise((resolve) => {
      const look = () => (isUnderWay() && Date.now() < latest ? setTimeout(look, BATCH_MS) : resolve());
      look();
    });
  }

  send(account, user, content) {
    return this.#ask("POST", "messages", JSON.stringify({ account, user, content }));
  }

  resend(delivery) {
    return this.#ask("POST", `deliveries/${delivery}/resend`);
  }

  /** Lets time pass; `by` is a span such as `31m`. */
  advance(by) {
    return this.#ask("POST", "advance", JSON.stringify({ by }));
  }

  /** Lets a person take a conversation over. */
  takeOver(account, user) {
    return this.#ask("POST", "desk/take-over", JSON.stringify({ account, user }));
  }

  /** Writes to the user as the person. */
  answerAsPerson(account, user, text) {
    return this.#ask("POST", "desk/answer", JSON.stringify({ account, user, text }));
  }

  /** Gives a conversation back to the bot. */
  handBack(account, user) {
    return this.#ask("POST", "desk/hand-back", JSON.stringify({ account, user }));
  }

  /** Makes the sandbox forget messages, deliveries and API calls. */
  clear() {
    return this.#ask("POST", "clear");
  }

  setFaults(changes) {
    return this.#ask("POST", "faults", JSON.stringify(changes));
  }

  upload(file) {
    return this.#ask("POST", "files", file);
  }

  /** Plays a conversation file; the report is in the language `lang`. */
  play(conversation, lang) {
    return this.#ask("POST", `play?${new URLSearchParams({ lang })}`, conversation);
  }

  /** A conversation file with the messages after message `after`. */
  recording(account, user, after) {
    return this.#ask("GET", `recording?${new URLSearchParams({ account, user, after })}`);
  }

  async #ask(method, path, body) {
    const response = await fetch(`sandbox/${path}`, { method, body, cache: "no-store" });
    const isJson = response.headers.get("content-type")?.includes("json");
    const answer = isJson ? await response.json() : await response.text();
    if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
    return answer;
  }
}

/** Whether a message belongs to the conversation of an account and a user. */
export const isBetween = (message, account, user) => message.account === account && message.users.includes(user);
