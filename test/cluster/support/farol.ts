import type { FrontWay } from '../../../failover/core/view.ts';
import { socketOf } from '../../../failover/sockets.ts';
import type { Status } from '../../../failover/status/status.ts';
import { holdersOfAddress } from './address.ts';
import type { Cluster } from './cluster.ts';
import { keyOf } from './etcd.ts';
import { promotedOf, untilReplicated } from './patroni.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

/** What the agent of a site tells its front (GET /v1/routing). */
export interface Routing {
  readonly version: number;
  readonly writer: { readonly site: string; readonly epoch: number; readonly url: string } | null;
}

/** What the server of a site says of itself (GET /v1/health). */
export interface ServerHealth {
  readonly role: 'follower' | 'taking-over' | 'writer' | 'stopping';
  readonly epoch: number | null;
  readonly position: number | null;
}

export const routingOf = (site: Site) => ask<Routing>(site, 'agent', 'GET', '/v1/routing');
export const serverHealth = (site: Site) => ask<ServerHealth>(site, 'server', 'GET', '/v1/health');
/** Counters of the front since it started. */
export const frontHealth = (site: Site) => ask<FrontHealth>(site, 'front', 'GET', '/v1/health');

export interface FrontHealth {
  readonly held: number;
  readonly holds: number;
  readonly replayed: number;
  readonly givenUp: number;
  readonly way: FrontWay | null;
}

/** The site whose server is the writer, as the agent of another tells it. */
export async function writerSeenBy(cluster: Cluster, site: Site): Promise<Site> {
  const { writer } = await routingOf(site);
  const found = cluster.sites.find(({ name }) => name === writer?.site);
  if (!found) throw new Error(`${site.name} knows no writer`);
  return found;
}

/** What `status --json` is made of. */
export const statusOf = (site: Site) => ask<Status>(site, 'agent', 'GET', '/v1/status');

/** What the operator at this site is shown, and how the command ends. */
export async function statusAt(site: Site): Promise<{ code: number; said: string }> {
  const program = ['/farol/node_modules/node/bin/node', '/farol/failover/main.ts'];
  const { code, stdout, stderr } = await site.run([
    ...program,
    ...['status', '--config', '/etc/farol/failover.yml'],
  ]);
  return { code, said: `${stdout}${stderr}` };
}

/** A planned move of the writer, asked of an agent as an operator would. */
export function askForSwitchover(from: Site, to: Site): Promise<unknown> {
  return ask(from, 'agent', 'POST', '/v1/switchover', { to: to.name });
}

/** The same by an operator who asks again: the other site may be busy, and its server or Patroni not have answered for a moment. */
export function switchover(from: Site, to: Site): Promise<true> {
  return until(`the writer moves to ${to.name}`, async () => {
    if ((await statusOf(from)).primary === to.name) return true;
    await askForSwitchover(from, to);
    return true;
  });
}

/**
 * Waits until nothing is amiss: every copy is in step, the writer runs beside the primary, every site's
 * agent names it, and the address is where it is. Gives the writer's site.
 */
export async function untilWell(cluster: Cluster, withinMs = 240_000): Promise<Site> {
  const primary = await untilReplicated(cluster, withinMs);
  return until(
    'the writer runs beside the primary, every agent names it, and it holds the address',
    async () => {
      if ((await serverHealth(primary)).role !== 'writer') return false;
      const routes = await Promise.all(cluster.sites.map(routingOf));
      if (!routes.every(({ writer }) => writer?.site === primary.name)) return false;
      const holders = await holdersOfAddress(cluster);
      return holders.length === 1 && holders[0] === primary && primary;
    },
    withinMs,
  );
}

/**
 * Waits, in a pause of Patroni's, until nobody moves the primary any more, and gives the site where it is and stays. Agents
 * begin no planned move in a pause, but one that was begun before is carried out: a site that was lost in the tests before
 * leaves the lead as soon as it has it.
 */
export async function untilItStays(cluster: Cluster, among: readonly Site[]): Promise<Site> {
  await until('every agent knows of the pause, and moves nobody', async () => {
    const shown = await Promise.all(cluster.sites.map(statusOf));
    return shown.every(({ patroniPaused, moving }) => patroniPaused && moving === null);
  });
  const value = async (key: string) => (await keyOf(cluster, among[0]!, key))?.value;
  await until('no wish for a switchover stands', async () =>
    ['{}', '', undefined].includes(await value('/service/farol/failover')),
  );
  return until('one of them is the primary, and has the key', async () => {
    const promoted = await promotedOf(among);
    return promoted?.name === (await value('/service/farol/leader')) && promoted;
  });
}

async function ask<T>(
  site: Site,
  whom: 'agent' | 'server' | 'front',
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<T> {
  const content = body ? ['-H', 'content-type: application/json', '-d', JSON.stringify(body)] : [];
  const socket = socketOf('/run/farol', whom);
  const limit = String(ANSWER_WITHIN_S);
  const options = ['-sS', '--fail-with-body', '-m', limit, '-X', method, '--unix-socket', socket];
  const printed = await site.must(['curl', ...options, ...content, `http://${whom}${path}`]);
  return JSON.parse(printed === '' ? 'null' : printed) as T;
}

/** An agent that was asked for a switchover answers when it is done, or has waited for 65 s. */
const ANSWER_WITHIN_S = 70;
