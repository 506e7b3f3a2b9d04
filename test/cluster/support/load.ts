import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { violationsIn } from '../../support/history/check-history.ts';
import {
  type Attempt,
  History,
  type StoredMessage,
  succeeded,
} from '../../support/history/history.ts';
import { failuresThrough, type Measured, measure } from '../../support/history/measure.ts';
import type { Target } from '../../support/history/recording-client.ts';
import { silenceAfter, watchAddress } from './address.ts';
import { startClients, untilFlowing } from './clients.ts';
import type { Cluster } from './cluster.ts';
import { frontHealth } from './farol.ts';
import { primaryOf, promotedOf } from './patroni.ts';
import { FRONT_PORT } from './site-files.ts';
import { until } from './until.ts';

export interface LoadOptions {
  /** Names the run in what is printed. */
  readonly title: string;
  /** Senders for each target: the floating address and the front of every site. */
  readonly sendersEach?: number;
  readonly pauseMs?: number;
}

export interface Load {
  readonly history: History;
  /** Marks the time of the fault. */
  strike(): void;
  /** Waits until clients through each of these targets have been acknowledged something sent from now on. */
  untilFlowing(through: readonly string[], withinMs?: number): Promise<void>;
}

export interface Survived {
  readonly measured: Measured;
  /** From the fault until the address answered new connections again. */
  readonly frontsAfterMs: number;
  /** What the fronts say that they held and sent again. */
  readonly fronts: FrontCounts;
  /** Failed attempts of clients of these targets. */
  failuresThrough(...targets: string[]): Attempt[];
  /** Against I1, I2 and I3; must be empty. */
  readonly violations: readonly string[];
}

interface FrontCounts {
  readonly held: number;
  readonly replayed: number;
}

let runs = 0;

/**
 * Clients chat through the address and through every front while the scenario runs; then their histories
 * are checked against the database, and what they felt is printed. The scenario must leave a cluster
 * that takes writes.
 */
export async function underLoad(
  cluster: Cluster,
  options: LoadOptions,
  scenario: (load: Load) => Promise<void>,
): Promise<Survived> {
  const history = new History();
  const { sendersEach = 3, pauseMs = 50 } = options;
  const prefix = `run${++runs}x`;
  const targets = targetsOf(cluster);
  const clients = await startClients({ history, prefix, targets, sendersEach, pauseMs });
  const watching = new AbortController();
  const handshakes = watchAddress(cluster, watching.signal);
  const before = await frontCounts(cluster);
  let faultAt = Number.POSITIVE_INFINITY;
  try {
    await scenario({
      history,
      strike: () => {
        faultAt = performance.now();
      },
      untilFlowing: (through, withinMs) => untilFlowing(history, through, withinMs),
    });
  } finally {
    await clients.stop();
    watching.abort();
  }
  const stored = await storedMessages(cluster, prefix);
  const survived: Survived = {
    measured: measure(history, faultAt),
    frontsAfterMs: silenceAfter(handshakes, faultAt),
    fronts: countedSince(before, await frontCounts(cluster)),
    failuresThrough: (...targets) => failuresThrough(history, targets),
    violations: violationsIn(history, stored),
  };
  report(options.title, history, survived);
  return survived;
}

/** Names of everything that clients are sent through: the address, and the front of every site. */
export const everyTarget = (cluster: Cluster): string[] => [
  'address',
  ...cluster.sites.map(({ name }) => name),
];

/** Sends that left after this time and were acknowledged. */
export const acknowledgedSince = ({ attempts }: History, from: number): string[] =>
  attempts
    .filter((each) => each.what === 'send' && each.sentAt > from && succeeded(each))
    .map(({ request }) => request);

export function targetsOf(cluster: Cluster): Target[] {
  const target = (through: string, host: string) => ({
    through,
    origin: `https://${host}:${FRONT_PORT}`,
    ca: cluster.ca,
  });
  return [
    target('address', cluster.plan.address),
    ...cluster.sites.map(({ name, ip }) => target(name, ip)),
  ];
}

interface MessageRow {
  readonly position: number;
  readonly room_id: string;
  readonly event_id: string;
  readonly json: string;
}

/** The messages of this run as the primary has them, which may be moving for what the test has done. */
export async function storedMessages(cluster: Cluster, prefix: string): Promise<StoredMessage[]> {
  const rows = await until('the primary is read', async () => {
    const primary = await primaryOf(cluster);
    if (!primary || !(await promotedOf([primary]))) return undefined;
    return primary.sql<MessageRow>(
      `SELECT position, room_id, event_id, json FROM event JOIN room USING (room_nid)
       WHERE type = 'm.room.message' AND sender LIKE '@${prefix}%' ORDER BY position`,
    );
  });
  return rows.map(({ position, room_id: room, event_id: eventId, json }) => {
    const { content } = JSON.parse(json) as { content: { body: string } };
    return { position, room, eventId, request: content.body };
  });
}

const frontCounts = (cluster: Cluster): Promise<FrontCounts[]> =>
  Promise.all(
    cluster.sites.map(async (site) => {
      const health = await frontHealth(site).catch(() => undefined);
      return { held: health?.holds ?? 0, replayed: health?.replayed ?? 0 };
    }),
  );

/** A front that was started again counts from nothing; what it had counted before is lost with it. */
function countedSince(before: readonly FrontCounts[], after: readonly FrontCounts[]): FrontCounts {
  const sum = (key: keyof FrontCounts) =>
    after.reduce((total, now, index) => {
      const then = before[index]![key];
      return total + (now[key] < then ? now[key] : now[key] - then);
    }, 0);
  return { held: sum('held'), replayed: sum('replayed') };
}

/** One line for a reader, and the whole history in a file for whoever must find out more. */
function report(
  title: string,
  history: History,
  { measured, frontsAfterMs, fronts, violations }: Survived,
) {
  const { failed, ...figures } = measured;
  const gaps = history.deliveries.filter(({ afterGap }) => afterGap).length;
  const shown = { frontsAfterMs, ...figures, fronts, gaps, failed, violations: violations.length };
  // Not console.log, which tests with an SDK keep quiet.
  process.stdout.write(`${title}: ${JSON.stringify(shown)}\n`);
  const folder = join(import.meta.dirname, '../../../.cache/cluster');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${title.replaceAll(/\W+/g, '-')}.json`);
  writeFileSync(file, JSON.stringify({ measured, frontsAfterMs, violations, ...history }));
}
