import type { Pem } from '../../certificates/identity.ts';
import { operate } from '../../cli/operate.ts';
import { bareHost } from '../../core/bare-host.ts';
import type { AskedAgent, Facts, PublicName, Resolved } from '../facts.ts';
import { whyOf, within } from '../within.ts';
import { lookAtClock } from './clock.ts';
import { lookAtDisks } from './disks.ts';
import { knock } from './doors.ts';
import { resolve } from './name.ts';
import { lookAtWellKnown } from './well-known.ts';

/** What the configuration of a site says of what is to be looked at. */
export interface Surroundings {
  readonly site: string;
  readonly runtimeDir: string;
  readonly name: PublicName | null;
  /** Without their prefixes. */
  readonly addresses: readonly string[];
  /** Of the fronts. */
  readonly port: number;
  readonly etcd: readonly string[];
  readonly pem: Pem | undefined;
  readonly folders: readonly string[];
  readonly hasUps: boolean;
}

/** Looks at everything at once, each with a limit of its own. */
export async function look(at: Surroundings): Promise<Facts> {
  const { site, name, addresses, hasUps } = at;
  const [outside, wellKnown, agent, clock, disks] = await Promise.all([
    lookFromOutside(at),
    name === null ? null : lookAtWellKnown(name.serverName),
    askAgent(at.runtimeDir),
    lookAtClock(at.etcd, at.pem),
    lookAtDisks(at.folders),
  ]);
  return {
    site,
    name,
    addresses,
    hasUps,
    ...outside,
    wellKnown,
    agent,
    clock,
    disks,
    nowMs: Date.now(),
  };
}

/** So many addresses of a name are gone to. */
const DOORS_MAX = 8;

async function lookFromOutside(at: Surroundings): Promise<Pick<Facts, 'resolved' | 'doors'>> {
  const { name, addresses, port, pem } = at;
  const url = name === null ? null : new URL(name.publicUrl);
  const host = name === null ? null : bareHost(new URL(name.publicUrl));
  const resolved: Resolved | null = host === null ? null : await resolve(host);
  const led = resolved?.kind === 'addresses' ? resolved.addresses : [];
  const to = [...new Set([...addresses, ...led])].slice(0, DOORS_MAX);
  const doors = to.map((address) =>
    knock({
      address,
      // Before a cluster there may be a proxy that has another port than the fronts.
      port: addresses.includes(address) ? port : Number(url?.port || 443),
      host: host ?? address,
      ca: pem?.ca,
    }),
  );
  return { resolved, doors: await Promise.all(doors) };
}

async function askAgent(runtimeDir: string): Promise<AskedAgent> {
  const operator = operate(runtimeDir);
  try {
    return { kind: 'told', status: await within(operator.status()) };
  } catch (error) {
    return { kind: 'silence', why: whyOf(error) };
  } finally {
    await operator.close();
  }
}
