import type { Block } from '../view.ts';
import type { Postgres } from './postgres.ts';
import type { World } from './world.ts';

const AGAIN_MS = 20;
/** Rules of the firewall, a walreceiver that ends, and Patroni asked for the position. */
const TAKES_MS = [20, 250] as const;

/**
 * What a site's disk says it has blocked, and its firewall, which is made anew from that before Patroni starts, whether an agent does or not
 * (docs/third-fence.md).
 */
export class Blocking {
  readonly #postgres: Postgres;
  readonly #world: World;
  #block: Block | null = null;

  constructor(postgres: Postgres, world: World) {
    [this.#postgres, this.#world] = [postgres, world];
  }

  get block(): Block | null {
    return this.#block;
  }

  /** Ends once nothing more is received from there, and all that was is replayed; never while its PostgreSQL does not run. */
  put(block: Block, done: (position: { timeline: number; lsn: number }) => void): void {
    const { time, random, bugs, network } = this.#world;
    this.#block = block;
    time.after(random.between(...TAKES_MS), () => {
      if (this.#block !== block) return;
      if (!bugs.blocksNothing) network.block(this.#postgres.site, block.holder);
      this.#tellPosition(block, done);
    });
  }

  take(): void {
    this.#block = null;
    this.#world.network.unblock(this.#postgres.site);
  }

  /** With the power of its machine: the firewall has nothing of it any more until this is read. */
  begin(): void {
    const { network } = this.#world;
    if (this.#block !== null) network.block(this.#postgres.site, this.#block.holder);
  }

  #tellPosition(block: Block, done: (position: { timeline: number; lsn: number }) => void): void {
    if (this.#block !== block) return;
    const { up, primary, replays, timeline, lsn } = this.#postgres;
    const isKnown = up && !primary && (!replays || this.#world.bugs.tellsPositionAtOnce);
    if (isKnown) done({ timeline, lsn });
    else this.#world.time.after(AGAIN_MS, () => this.#tellPosition(block, done));
  }
}
