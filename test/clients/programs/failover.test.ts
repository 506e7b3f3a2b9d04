import { expect, test } from 'vitest';
import type { Cluster } from '../../cluster/support/cluster.ts';
import { switchover, untilWell } from '../../cluster/support/farol.ts';
import { promised } from '../../cluster/support/promise.ts';
import type { Site } from '../../cluster/support/site.ts';
import { FRONT_PORT } from '../../cluster/support/site-files.ts';
import { useCluster } from '../../cluster/support/use-cluster.ts';
import { engineAnswers } from '../../support/docker-engine.ts';
import { heardOf, Talk, type Talker } from './talk.ts';

/** Clients as people have them, each with its own encryption, live through what befalls a cluster. */

const withEngine = test.skipIf(!(await engineAnswers()));
const cluster = useCluster({ sites: 3 });

const LASTS_AT_MOST_MS = 900_000;
const WRITES_WITHIN_MS = 30_000;

withEngine(
  'a planned switchover loses, doubles and garbles nothing of what clients of each kind say, and signs nobody out',
  async () => {
    const active = await untilWell(cluster());
    const next = cluster().sites.find((site) => site !== active)!;
    await livesThrough('switchover', async (talk, strike) => {
      strike();
      await switchover(active, next);
      await talk.flows();
    });
  },
  LASTS_AT_MOST_MS,
);

withEngine(
  'nor does a power cut of the active site, nor its return',
  async () => {
    const active = await untilWell(cluster());
    await livesThrough('power cut', async (talk, strike) => {
      strike();
      await active.powerOff();
      await talk.flows();
      await active.powerOn();
      await untilWell(cluster());
      await talk.flows();
    });
  },
  LASTS_AT_MOST_MS,
);

async function livesThrough(
  title: string,
  befalls: (talk: Talk, strike: () => void) => Promise<void>,
): Promise<void> {
  const { ca, plan } = cluster();
  await using talk = await Talk.start({ url: `https://${plan.address}:${FRONT_PORT}`, ca });
  await talk.flows();
  const devices = await devicesOf(cluster(), talk.talkers);
  let faultAt = 0;
  await befalls(talk, () => {
    faultAt = Date.now();
  });
  await talk.ends();
  for (const talker of talk.talkers) report(title, talker, talk.talkers, faultAt);
  for (const talker of talk.talkers) expectAllHeard(talker, talk.talkers);
  const waits = talk.talkers.flatMap(({ said }) =>
    said.map(({ askedAt, acknowledgedAt }) => acknowledgedAt - askedAt),
  );
  expect(Math.max(...waits)).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
  await untilWell(cluster());
  expect(await sentTo(cluster(), talk.roomId)).toEqual(
    Object.fromEntries(talk.talkers.map(({ userId, said }) => [userId, said.length])),
  );
  expect(await devicesOf(cluster(), talk.talkers)).toEqual(devices);
}

function expectAllHeard(listener: Talker, talkers: readonly Talker[]): void {
  expect([listener.program, listener.unreadable]).toEqual([listener.program, []]);
  for (const speaker of talkers.filter((each) => each !== listener)) {
    const what = `${listener.program} of ${speaker.program}`;
    // In which order a client has decrypted them is its own.
    const said = speaker.said.map(({ body }) => body).sort();
    expect([what, heardOf(listener, speaker.userId).sort()]).toEqual([what, said]);
  }
}

/** One line for a reader. What was heard is counted from when it was acknowledged to whoever said it. */
function report(title: string, talker: Talker, talkers: readonly Talker[], faultAt: number): void {
  const acknowledgedAt = new Map(
    talkers.flatMap(({ userId, said }) =>
      said.map((each) => [`${userId} ${each.body}`, each.acknowledgedAt] as const),
    ),
  );
  const says = talker.said
    .filter((each) => each.acknowledgedAt >= faultAt)
    .map((each) => each.acknowledgedAt - each.askedAt);
  const hears = talker.heard
    .filter(({ at }) => at >= faultAt)
    .map(({ sender, body, at }) => at - acknowledgedAt.get(`${sender} ${body}`)!);
  const { program, said, heard } = talker;
  const shown = `sent ${said.length}, one of them in ${seconds(says)}; received ${heard.length}, one of them ${seconds(hears)} late`;
  // Not console.log, which tests with an SDK keep quiet.
  process.stdout.write(`${title}, ${program}: ${shown}\n`);
}

const seconds = (times: readonly number[]) => `${(Math.max(0, ...times) / 1000).toFixed(1)} s`;

/** How many messages of each sender are in the room, whether a client shows them or not. */
async function sentTo(theCluster: Cluster, roomId: string): Promise<Record<string, number>> {
  const [site] = theCluster.sites as [Site];
  const rows = await site.sql<{ sender: string; count: number }>(
    `SELECT sender, count(*) FROM event JOIN room USING (room_nid)
     WHERE room_id = '${roomId}' AND type = 'm.room.encrypted' GROUP BY sender`,
  );
  return Object.fromEntries(rows.map(({ sender, count }) => [sender, count]));
}

/** Whoever was signed out has none, and whoever had to sign in anew has another one. */
async function devicesOf(theCluster: Cluster, talkers: readonly Talker[]): Promise<string[]> {
  const [site] = theCluster.sites as [Site];
  const users = talkers.map(({ userId }) => `'${userId}'`).join();
  const rows = await site.sql<{ device: string }>(
    `SELECT user_id || ' ' || device_id AS device FROM device WHERE user_id IN (${users}) ORDER BY 1`,
  );
  return rows.map(({ device }) => device);
}
