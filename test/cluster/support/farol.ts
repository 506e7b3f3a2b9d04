import type { FrontWay } from '../../../failover/core/view.ts';
import { socketOf } from '../../../failover/sockets.ts';
import type { Status } from '../../../failover/status/status.ts';
import { holdersOfAddress } from './address.ts';
import type { Cluster } from './cluster.ts';
import { untilReplicated } from './patroni.ts';
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
export function switchover(from: Site, to: Site): Promise<unknown> {
  return ask(from, 'agent', 'POST', '/v1/switchover', { to: to.name });
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

async function ask<T>(
  site: Site,
  whom: 'agent' | 'server' | 'front',
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<T> {
  const content = body ? ['-H', 'content-type: application/json', '-d', JSON.stringify(body)] : [];
  const socket = socketOf('/run/farol', whom);
  const options = ['-sS', '--fail-with-body', '-m', '20', '-X', method, '--unix-socket', socket];
  const printed = await site.must(['curl', ...options, ...content, `http://${whom}${path}`]);
  return JSON.parse(printed === '' ? 'null' : printed) as T;
}
