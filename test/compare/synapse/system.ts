import { holdersOfAddress } from '../../cluster/support/address.ts';
import { type Cluster, startCluster } from '../../cluster/support/cluster.ts';
import {
  primaryOf,
  promotedOf,
  switchoverDatabase,
  untilReplicated,
} from '../../cluster/support/patroni.ts';
import type { Site } from '../../cluster/support/site.ts';
import { FRONT_PORT } from '../../cluster/support/site-files.ts';
import { until } from '../../cluster/support/until.ts';
import type { StoredMessage } from '../../support/history/history.ts';
import { commonVersions, type System } from '../system.ts';
import { installSynapse, SYNAPSE_VERSION } from './install.ts';
import { writeSynapseFiles } from './site-files.ts';

const UNIT = '/farol/test/cluster/image/unit';
const UNITS = ['etcd', 'patroni', 'keepalived', 'synapse', 'nginx'];

/** Synapse behind nginx and keepalived's address: README.md says with what settings, and why. */
export async function startSynapse(): Promise<System> {
  const { image, bind } = await installSynapse();
  const cluster = await startCluster({
    sites: 3,
    instead: { image, units: UNITS, binds: [bind], writeFiles: writeSynapseFiles },
  });
  return {
    name: 'synapse',
    cluster,
    untilWhole: (withinMs) => untilWhole(cluster, withinMs),
    untilGathered: () => untilGathered(cluster),
    kill: (program, at) =>
      program === 'homeserver'
        ? at.must([UNIT, 'KILL', 'synapse'])
        : // Its workers too, as systemd ends what a fallen unit leaves behind.
          at.must(['pkill', '-KILL', '-x', 'nginx']),
    switchover: (from, to) => switchOver(cluster, from, to),
    stored: (prefix) => storedEvents(cluster, prefix),
    versions: () => versionsOf(cluster.sites[0]!),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function untilWhole(cluster: Cluster, withinMs = 240_000): Promise<Site> {
  await untilReplicated(cluster, withinMs);
  return until(
    'one site has the address, and Synapse answers behind it',
    async () => {
      const holders = await holdersOfAddress(cluster);
      if (holders.length !== 1) return false;
      return (await answersAt(holders[0]!)) && holders[0];
    },
    withinMs,
  );
}

/** Synapse's own word, asked where it runs; its database is asked, too, since it must know who asks. */
async function answersAt(site: Site): Promise<boolean> {
  const url = `https://127.0.0.1:${FRONT_PORT}/_matrix/client/v3/account/whoami`;
  const ask = ['curl', '-sk', '-m', '3', '-H', 'authorization: Bearer unknown', url];
  return (await site.run(ask)).stdout.includes('M_UNKNOWN_TOKEN');
}

async function untilGathered(cluster: Cluster): Promise<Site> {
  return until(
    'the primary is where the address is',
    async () => {
      const holder = await untilWhole(cluster);
      const primary = await primaryOf(cluster);
      if (primary === holder) return holder;
      if (primary !== undefined) await movePrimary(cluster, holder);
      return false;
    },
    480_000,
  );
}

/** Both at once, which keeps messages waiting for the shortest time: the address by ending keepalived, the primary by Patroni. */
async function switchOver(cluster: Cluster, from: Site, to: Site): Promise<void> {
  await Promise.all([from.must([UNIT, 'off', 'keepalived']), movePrimary(cluster, to)]);
  await until('the address has moved', async () => {
    const holders = await holdersOfAddress(cluster);
    return holders.length === 1 && holders[0] === to;
  });
  await from.must([UNIT, 'on', 'keepalived']);
}

/** By an operator who asks again where Patroni refuses for a moment. */
function movePrimary(cluster: Cluster, to: Site): Promise<true> {
  return until(`${to.name} is the primary`, async () => {
    const primary = await primaryOf(cluster);
    if (primary === undefined) return false;
    if (primary !== to) await switchoverDatabase(cluster, primary, to);
    return true;
  });
}

interface EventRow {
  readonly position: number;
  readonly room_id: string;
  readonly event_id: string;
  readonly json: string;
}

/** The order in which /sync gives them. */
async function storedEvents(cluster: Cluster, prefix: string): Promise<StoredMessage[]> {
  const rows = await until('the primary is read', async () => {
    const primary = await primaryOf(cluster);
    if (!primary || !(await promotedOf([primary]))) return undefined;
    return primary.sql<EventRow>(
      `SELECT stream_ordering AS position, room_id, event_id, json FROM events JOIN event_json USING (event_id, room_id)
       WHERE type = 'm.room.message' AND sender LIKE '@${prefix}%' AND rejection_reason IS NULL ORDER BY stream_ordering`,
      'synapse',
    );
  });
  return rows.map(({ position, room_id: room, event_id: eventId, json }) => {
    const { content } = JSON.parse(json) as { content: { body: string } };
    return { position, room, eventId, request: content.body };
  });
}

async function versionsOf(site: Site): Promise<Record<string, string>> {
  const said = async (command: string[]) => {
    const { stdout, stderr } = await site.run(command);
    return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
  };
  return {
    Synapse: SYNAPSE_VERSION,
    nginx: await said(['nginx', '-v']),
    keepalived: await said(['keepalived', '--version']),
    ...(await commonVersions(site)),
  };
}
