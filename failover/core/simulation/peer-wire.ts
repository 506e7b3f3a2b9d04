import type { PeerWord } from '../peers.ts';
import type { Site } from '../view.ts';
import type { World } from './world.ts';

/** An agent that others may ask. */
export interface Asked {
  readonly host: string;
  /** Once it runs, and never if it ends before. */
  whenItRuns(act: () => void): void;
  word(): PeerWord;
  /** Answers once it has decided; null is a yes. */
  beAsked(question: Question, reply: (why: string | null) => void): void;
}

export interface Question {
  readonly kind: 'leave-asked' | 'cover-asked';
  /** Which site asks, as the leader of that term. */
  readonly site: Site;
  readonly term: number;
}

const ANSWERS_WITHIN_MS = 1_000;
/** A connection that broke off, and was used again. */
const DOUBLED = 0.02;

/** From agent to agent, without etcd: each way by itself a message may be lost, late or doubled, or the way be cut. */
export class PeerWire {
  readonly #world: World;
  readonly #agents: () => ReadonlyMap<Site, Asked>;

  constructor(world: World, agents: () => ReadonlyMap<Site, Asked>) {
    [this.#world, this.#agents] = [world, agents];
  }

  /** Null where no answer came in time; a later one says nothing. */
  ask<T>(
    { from, to, withinMs = ANSWERS_WITHIN_MS }: { from: string; to: Site; withinMs?: number },
    answer: (agent: Asked, reply: (said: T) => void) => void,
    then: (said: T | null) => void,
  ): void {
    const agent = this.#agents().get(to);
    if (agent === undefined) return;
    let over = false;
    const end = (said: T | null): void => {
      if (!over) then(said);
      over = true;
    };
    const reply = (said: T): void => this.#send(agent.host, from, () => end(said));
    this.#world.time.after(withinMs, () => end(null));
    this.#send(from, agent.host, () => agent.whenItRuns(() => answer(agent, reply)));
  }

  #send(from: string, to: string, arrive: () => void): void {
    const { network, random, time } = this.#world;
    if (!network.reaches(from, to) || random.chance(network.lossBetween(from, to))) return;
    const copies = random.chance(DOUBLED) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = copy > 0 || random.chance(network.lossRate) ? random.between(100, 3_000) : 0;
      time.after(network.delay(from, to) + late, () => {
        if (network.isOn(to)) arrive();
      });
    }
  }
}
