import { Lru } from '../../log/lru.ts';
import { Turns, TurnsOf } from '../../log/turns.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { hostOfServer } from '../../protocol/server-host.ts';

/** Servers that answered last, those that did not, and those that never did yet: whoever names servers may have made them up. */
export type Standing = 'prompt' | 'failing' | 'unknown';

/** Of those that answer, whoever made others wait lately is apart. */
type LaneName = Standing | 'slow';

/** How many requests are under way at once, each a socket. */
export interface LaneMax {
  /** For as long as they are quick. */
  readonly atOnce: number;
  /** Of those, that wait for an answer for longer. */
  readonly slow: number;
  /** Of both together, for one host, whatever ports and cases its names have: each of these is a server that costs nothing. */
  readonly ofHost: number;
}

export type PlacesMax = Readonly<Record<LaneName, LaneMax>>;

export const PLACES_MAX: PlacesMax = {
  prompt: { atOnce: 96, slow: 256, ofHost: 4 },
  slow: { atOnce: 32, slow: 96, ofHost: 2 },
  failing: { atOnce: 48, slow: 0, ofHost: 2 },
  unknown: { atOnce: 32, slow: 96, ofHost: 2 },
};

const PROMPT_MS = 2_000;
/** So often on end a server is quick among the slow before it is taken for prompt again. */
const QUICK_MIN = 10;
/** Of others it is forgotten that they were slow. */
const SLOW_SERVERS_MAX = 20_000;

/**
 * Who waits for whom. A dead server costs a place for as long as it takes to be sure: those that failed before, those that
 * nobody has heard of, and those that were slow lately have places of their own, of which one host has a few; and whoever turns
 * out to be slow makes way for those who are not.
 */
export class Places {
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  /** How often those that were slow are still to be quick. */
  readonly #slow = new Lru<ServerName, number>(SLOW_SERVERS_MAX);

  constructor(max: PlacesMax = PLACES_MAX, promptMs = PROMPT_MS) {
    this.#lanes = {
      prompt: new Lane(max.prompt, promptMs),
      slow: new Lane(max.slow, promptMs),
      failing: new Lane(max.failing, promptMs),
      unknown: new Lane(max.unknown, promptMs),
    };
  }

  async run<T>(server: ServerName, standing: Standing, work: () => Promise<T>): Promise<T> {
    const isApart = standing === 'prompt' && this.#slow.has(server);
    const leave = await this.#lanes[isApart ? 'slow' : standing].enter(hostOfServer(server));
    try {
      return await work();
    } finally {
      this.#learn(server, leave());
    }
  }

  #learn(server: ServerName, { wasPrompt }: Visit): void {
    const left = wasPrompt ? (this.#slow.get(server) ?? 1) - 1 : QUICK_MIN;
    if (left > 0) this.#slow.set(server, left);
    else this.#slow.delete(server);
  }
}

interface Visit {
  readonly wasPrompt: boolean;
}

class Lane {
  readonly #turns: Turns;
  readonly #ofHosts: TurnsOf<string>;
  readonly #max: LaneMax;
  readonly #promptMs: number;
  #slow = 0;

  constructor(max: LaneMax, promptMs: number) {
    this.#turns = new Turns(max.atOnce);
    this.#ofHosts = new TurnsOf(max.ofHost);
    this.#max = max;
    this.#promptMs = promptMs;
  }

  /** Among those of one's own host first: whoever waits there takes nobody else's turn. */
  async enter(host: string): Promise<() => Visit> {
    const leaveHost = await this.#ofHosts.enter(host);
    const leave = await this.#turns.enter();
    let [wasPrompt, isSlow] = [true, false];
    const timer = setTimeout(() => {
      wasPrompt = false;
      if (this.#slow >= this.#max.slow) return;
      isSlow = true;
      this.#slow += 1;
      leave();
    }, this.#promptMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
      if (isSlow) this.#slow -= 1;
      else leave();
      leaveHost();
      return { wasPrompt };
    };
  }
}
