import { setTimeout as sleep } from 'node:timers/promises';
import { watchAddress } from '../cluster/support/address.ts';
import { startClients, untilFlowing } from '../cluster/support/clients.ts';
import type { Site } from '../cluster/support/site.ts';
import { FRONT_PORT } from '../cluster/support/site-files.ts';
import { until } from '../cluster/support/until.ts';
import { History } from '../support/history/history.ts';
import type { FaultName } from './fault-names.ts';
import { FAULTS } from './faults.ts';
import { figuresOf, type Record } from './figures.ts';
import { HAND_AFTER_MS } from './hand-after.ts';
import { SERIES_FROM_MS } from './pauses.ts';
import type { Run } from './results.ts';
import type { System } from './system.ts';

/** Through the address alone: the other system answers nowhere else. */
const LOAD = { senders: 8, pauseMs: 100 } as const;

/** How long what flows again is watched, so that a second stall is seen. */
const WATCHED_MS = 10_000;

type Played = ReturnType<typeof figuresOf> & Pick<Run, 'hand'>;

let plays = 0;

/** One fault at one system under load, and what the clients felt of it. */
export async function play(system: System, fault: FaultName): Promise<Played> {
  const active = await system.untilGathered();
  const { history, prefix, clients } = await begin(system);
  const watching = new AbortController();
  const answeredAt = watchAddress(system.cluster, watching.signal);
  const stage = new Struck(system, active, history);
  try {
    await untilFlowing(history, ['address']);
    await sleep(SERIES_FROM_MS);
    await FAULTS[fault](stage).catch((error: unknown) => {
      if (!(error instanceof HandNeeded)) throw error;
    });
  } finally {
    stage.endedAt = performance.now();
    await clients.stop();
    watching.abort();
  }
  const { faultAt, endedAt, hand } = stage;
  const stored = await system.stored(prefix);
  const record: Record = { history, answeredAt, stored, faultAt, endedAt };
  return { hand, ...figuresOf(record) };
}

/** A pool of connections that were broken by a move before tells of it at the first use of each: then all begin anew. */
function begin(system: System) {
  return until('the clients have their accounts and rooms', async () => {
    const prefix = `play${++plays}x`;
    const history = new History();
    const clients = await startClients({
      ...{ history, prefix, targets: [targetOf(system)] },
      ...{ sendersEach: LOAD.senders, pauseMs: LOAD.pauseMs },
    });
    return { history, prefix, clients };
  });
}

const targetOf = ({ cluster }: System) => ({
  through: 'address',
  origin: `https://${cluster.plan.address}:${FRONT_PORT}`,
  ca: cluster.ca,
});

class HandNeeded extends Error {}

/** Keeps when the fault was, and what did not come by itself. */
class Struck {
  readonly system: System;
  readonly active: Site;
  readonly #history: History;
  faultAt = 0;
  endedAt = 0;
  hand: Run['hand'] = 'none';

  constructor(system: System, active: Site, history: History) {
    this.system = system;
    this.active = active;
    this.#history = history;
  }

  readonly strike = (): void => {
    this.faultAt = performance.now();
  };

  readonly untilServed = async (): Promise<void> => {
    const flowing = untilFlowing(this.#history, ['address'], HAND_AFTER_MS);
    await this.#orHand(flowing, 'to serve again');
    await sleep(WATCHED_MS);
  };

  readonly untilWhole = (): Promise<Site> =>
    this.#orHand(this.system.untilWhole(HAND_AFTER_MS), 'to have all copies again');

  async #orHand<T>(waited: Promise<T>, hand: Run['hand']): Promise<T> {
    try {
      return await waited;
    } catch (error) {
      this.hand = hand;
      throw new HandNeeded(String(error), { cause: error });
    }
  }
}
