import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import type { AgentHost } from './agent/agent-host.ts';
import type { Verdict } from './verdict.ts';
import type { World } from './world.ts';

const { addressLeaseMs } = TIMINGS;

/** What the address promises (D9): never at two machines, be they of one name; and how often it moved, how long nobody had it. */
export class AddressMoves {
  readonly #world: World;
  readonly #verdict: Verdict;
  #holder: Site | null = null;
  #count = 0;
  #before = 0;
  #vacantSince: number | null = null;
  #gapMs = 0;

  constructor(world: World, verdict: Verdict) {
    [this.#world, this.#verdict] = [world, verdict];
  }

  get count(): number {
    return this.#count;
  }

  get counted(): number {
    return this.#count - this.#before;
  }

  get gapMs(): number {
    this.#noteGap();
    return this.#gapMs;
  }

  beginCounting(): void {
    this.#before = this.#count;
    this.#gapMs = 0;
  }

  /** `named`: by etcd, as the holder. */
  look(agents: Iterable<AgentHost>, named: Site | null | undefined): void {
    const { time, note } = this.#world;
    const holders = [...agents].filter((agent) => agent.hasAddress);
    const { clockStood } = this.#world;
    // Two have it then for as long as that one's lease goes on by its clock, or until etcd answers it: nobody can tell it before (docs/third-fence.md).
    const knowing = holders.filter(
      ({ host, site }) => site === named || !clockStood(host, addressLeaseMs),
    );
    if (knowing.length > 1)
      this.#verdict.fail(`address held by ${knowing.map(({ host }) => host).join()}`);
    const holder = (knowing[0] ?? holders[0])?.site ?? null;
    this.#noteGap();
    this.#vacantSince = holder === null ? (this.#vacantSince ?? time.now) : null;
    if (holder === null || holder === this.#holder) return;
    this.#holder = holder;
    this.#count++;
    note(`address at ${holder}`);
  }

  #noteGap(): void {
    if (this.#vacantSince !== null)
      this.#gapMs = Math.max(this.#gapMs, this.#world.time.now - this.#vacantSince);
  }
}
