import type { Status } from '../../failover/status/status.ts';
import type { Cluster } from '../cluster/support/cluster.ts';
import { frontHealth } from '../cluster/support/farol.ts';
import type { Site } from '../cluster/support/site.ts';
import type { MachineShown } from './screen.ts';

/** A site, and what has been done to it. */
export interface Machine {
  readonly site: Site;
  powered: boolean;
  connected: boolean;
}

export const machinesOf = ({ machines }: Cluster): Machine[] =>
  machines.map((site) => ({ site, powered: true, connected: true }));

export async function powerOff(machine: Machine): Promise<void> {
  machine.powered = false;
  await machine.site.powerOff();
}

export async function powerOn(machine: Machine): Promise<void> {
  await machine.site.powerOn();
  if (machine.connected) await machine.site.healNetwork();
  machine.powered = true;
}

/** The first answer of a site that is connected; a site that is cut off tells of a world of its own. */
export async function anyStatus(machines: readonly Machine[]): Promise<Status | null> {
  const asked = machines
    .filter(({ powered, connected }) => powered && connected)
    .map(async ({ site }) => {
      const options = ['-sS', '-m', '3', '--unix-socket', '/run/farol/agent/agent.sock'];
      return JSON.parse(await site.must(['curl', ...options, 'http://agent/v1/status'])) as Status;
    });
  return Promise.any(asked).catch(() => null);
}

export async function look({ site, powered, connected }: Machine): Promise<MachineShown> {
  const health = powered ? await frontHealth(site).catch(() => null) : null;
  return { name: site.name, powered, connected, held: health?.held ?? null };
}
