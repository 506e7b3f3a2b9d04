import { TIMINGS } from '../timings.ts';
import { explain } from '../told/explain.ts';
import type { Site } from '../view.ts';
import type { AgentHost } from './agent/agent-host.ts';
import type { Answer } from './agent/machines.ts';
import type { Cluster } from './cluster.ts';
import { primaryOf } from './store.ts';
import type { Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** What an agent tells of as it is now may be so old: a pulse that is taken for life, and a reading of etcd that showed it. */
const OLD_MS = TIMINGS.addressLeaseMs + TIMINGS.unknownMs + 1_000;
/** What only passes with time: a site that gave the lead up, or was lost. */
const PASSES = /^(?:it gave up leadership shortly before and must prove itself|it is a witness)$/;

/** I5: nobody is told of a leader who is none; and at rest everybody is told how it is. */
export class Honesty {
  readonly #world: World;
  readonly #verdict: Verdict;
  readonly #ledAt = new Map<Site, number>();
  /** Who had Patroni's leader key, and when last. */
  readonly #primaryAt = new Map<Site, number>();

  constructor(world: World, verdict: Verdict) {
    [this.#world, this.#verdict] = [world, verdict];
  }

  look({ agents, etcd: { store } }: Cluster): void {
    const { time } = this.#world;
    const { site } = store.view().leader;
    const primary = primaryOf(store);
    if (site !== null) this.#ledAt.set(site, time.now);
    if (primary !== null) this.#primaryAt.set(primary, time.now);
    for (const agent of agents.values()) {
      const said = this.#saidBy(agent)?.leader;
      const named = /^(?!Nobody)(\w+) (?:leads|steps down)\b/.exec(said ?? '')?.[1];
      if (named !== undefined && time.now - (this.#ledAt.get(named) ?? -Infinity) > OLD_MS)
        this.#verdict.fail(`I5: ${agent.host} says "${said}"`);
    }
  }

  /** What an operator is told of the lead that he ordered to move has come to be. */
  answered(by: AgentHost, { text }: Answer, primary: Site | null): void {
    const { time, clockStood } = this.#world;
    const named = / leader is now (\w+)\.$|^(\w+) leads already\.$/.exec(text);
    const site = named?.[1] ?? named?.[2];
    if (site === undefined || site === primary || clockStood(by.host, OLD_MS)) return;
    if (time.now - (this.#primaryAt.get(site) ?? -Infinity) > OLD_MS)
      this.#verdict.fail(`I5: ${by.host} answers "${text}"`);
  }

  /** While all is well: the first who says otherwise, and what. */
  wrongAtRest(cluster: Cluster): string | null {
    for (const agent of cluster.agents.values()) {
      const wrong = this.#wrongAtRest(agent, cluster);
      if (wrong !== null) return `${agent.host} says "${wrong}"`;
    }
    return null;
  }

  #wrongAtRest(agent: AgentHost, { etcd: { store } }: Cluster): string | null {
    const said = this.#saidBy(agent);
    if (said === null) return 'nothing';
    const { leader, address } = store.view();
    if (!said.leader.startsWith(`${leader.site} leads: its server writes`)) return said.leader;
    // What failed once, and was not tried since, may be told.
    const at = `The address is at ${address.site}.`;
    if (!said.address.startsWith(at) || / fails: /.test(said.address)) return said.address;
    if (said.warning !== null) return said.warning;
    const against = [...said.others.matchAll(/may not lead: ([^;.]+)/g)].map(([, why]) => why!);
    return against.every((why) => PASSES.test(why)) ? null : said.others;
  }

  /** One whose clock stood does not know how old what it knows is. */
  #saidBy({ host, runs, state }: AgentHost): ReturnType<typeof explain> | null {
    const { clock, clockStood } = this.#world;
    if (!runs || clockStood(host, OLD_MS)) return null;
    return explain(state, clock(host), TIMINGS);
  }
}
