import { Changes, NO_LIMIT_MS } from '../changes.ts';
import type { Routing, Writer } from './routing.ts';

/** Where a request goes to reach the writer. */
export interface Target {
  readonly writer: Writer;
  readonly origin: string;
  /** The site whose front passes it on; null where the writer itself is asked. */
  readonly through: string | null;
}

/**
 * `refused`: the site is there, and no writer. `unreachable`: no connection came about. `silent`: a
 * connection, and no answer.
 */
export type Probed = 'answered' | 'refused' | 'unreachable' | 'silent';

/** A front of another site, by its name; it passes requests to the writer, and to no further front. */
export type Peers = Readonly<Record<string, string>>;

export type WayShown =
  | { kind: 'direct' }
  | { kind: 'through'; site: string }
  | { kind: 'none'; forMs: number };

export interface WayOptions {
  readonly routing: Routing;
  readonly peers: Peers;
  /** One small question to the writer; ends when the signal aborts. */
  readonly probe: (target: Target, signal: AbortSignal) => Promise<Probed>;
  readonly now: () => number;
}

/** While the way is open, the writer is asked so often whether it is still there. */
const LOOK_EVERY_MS = 1_000;
/** While it is closed: the time that a failover costs more for our not having looked. */
const ASK_AGAIN_AFTER_MS = 100;
/** A link is not taken for cut before: moving cuts all requests in flight on it, and repeats them. */
const PATIENCE_MS = { open: 1_500, closed: 300 };
/** Beyond the 2 s in which a connection must come about. */
const PROBE_WITHIN_MS = 2_500;

/**
 * How requests reach the writer that the agent has named: directly, through the front of another site
 * where the link to the writer's is cut, or not at all. One probe finds out for all requests, so that a
 * writer which lapsed is not asked by everybody who waits for it.
 */
export class Way {
  readonly changes = new Changes();
  readonly #options: WayOptions;
  readonly #suspicion = new Changes();
  #open: Target | null = null;
  #closedAtMs: number;
  #suspects = 0;

  constructor(options: WayOptions) {
    this.#options = options;
    this.#closedAtMs = options.now();
    options.routing.changes.on(() => this.#forgetOld());
  }

  get open(): Target | null {
    return this.#open;
  }

  /** Since when nothing reaches the writer, on the clock given; null while something does. */
  get closedAtMs(): number | null {
    return this.#open === null ? this.#closedAtMs : null;
  }

  /** Null where no writer is named: then there is nothing to reach. */
  shown(): WayShown | null {
    const { routing, now } = this.#options;
    if (routing.writer === null) return null;
    if (this.#open === null) return { kind: 'none', forMs: Math.round(now() - this.#closedAtMs) };
    const { through } = this.#open;
    return through === null ? { kind: 'direct' } : { kind: 'through', site: through };
  }

  /** A request found the target closed: the others wait until a probe finds it open. */
  refused(target: Target): void {
    if (target === this.#open) this.#set(null);
    this.suspect();
  }

  /** A request was broken off: look at once. */
  suspect(): void {
    this.#suspects++;
    this.#suspicion.tell();
  }

  /** Until the signal. */
  async keep(signal: AbortSignal): Promise<void> {
    const { routing } = this.#options;
    while (!signal.aborted) {
      const { writer } = routing;
      if (writer === null) {
        await routing.changes.next(NO_LIMIT_MS, signal);
        continue;
      }
      const suspects = this.#suspects;
      const found = await this.#look(writer, signal);
      if (routing.writer?.url !== writer.url) continue;
      // From before somebody was refused, it says nothing.
      if (suspects === this.#suspects) this.#set(found);
      await this.#pause(suspects, signal);
    }
  }

  async #look(writer: Writer, signal: AbortSignal): Promise<Target | null> {
    const { peers } = this.#options;
    using asking = new Asking(signal);
    const ask = (target: Target) => this.#ask(target, asking.signal);
    const direct: Target = { writer, origin: writer.url, through: null };
    const isDirect = this.#open !== null && this.#open.through === null;
    const asked = ask(direct);
    const early = await within(asked, isDirect ? PATIENCE_MS.open : PATIENCE_MS.closed);
    if (early === 'answered') return direct;
    if (early === 'refused') return null;
    const through = Object.entries(peers)
      .filter(([site]) => site !== writer.site)
      .map(([site, origin]): Target => ({ writer, origin, through: site }));
    // The one in use first: of two that answer, the one asked first is mostly the first to do so.
    through.sort((a) => (a.through === this.#open?.through ? -1 : 1));
    const attempts = [answered(asked, direct), ...through.map((each) => answered(ask(each), each))];
    // Awaited here, since the questions end with this function.
    return await Promise.any(attempts).catch(() => null);
  }

  async #ask(target: Target, signal: AbortSignal): Promise<Probed> {
    return this.#options.probe(target, signal).catch(() => 'silent');
  }

  async #pause(suspects: number, signal: AbortSignal): Promise<void> {
    const { routing } = this.#options;
    if (this.#open === null) return routing.changes.next(ASK_AGAIN_AFTER_MS, signal);
    if (suspects !== this.#suspects) return;
    await this.#suspicion.next(LOOK_EVERY_MS, signal);
  }

  /** Another site's server is the writer now; one that rose in its place has the same way. */
  #forgetOld(): void {
    const { writer } = this.#options.routing;
    if (this.#open !== null && this.#open.writer.url !== writer?.url) this.#set(null);
    else if (this.#open !== null && this.#open.writer !== writer) {
      this.#open = { ...this.#open, writer: writer! };
    }
    this.suspect();
  }

  #set(next: Target | null): void {
    const before = this.#open;
    if (before?.origin === next?.origin && before?.writer.url === next?.writer.url) return;
    this.#open = next;
    if (next === null) this.#closedAtMs = this.#options.now();
    this.changes.tell();
  }
}

/** Of several questions under way, none outlives the answer that was needed. */
class Asking {
  readonly #control = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  readonly #end = () => {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#end);
    this.#control.abort('over');
  };

  constructor(outer: AbortSignal) {
    this.signal = this.#control.signal;
    this.#outer = outer;
    this.#timer = setTimeout(this.#end, PROBE_WITHIN_MS);
    outer.addEventListener('abort', this.#end);
    if (outer.aborted) this.#end();
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

async function answered(probed: Promise<Probed>, target: Target): Promise<Target> {
  if ((await probed) === 'answered') return target;
  throw new Error(`${target.origin} does not answer for the writer`);
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  using late = new Late(ms);
  return await Promise.race([promise, late.over]);
}

class Late {
  readonly over: Promise<'late'>;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.over = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve('late'), ms);
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
