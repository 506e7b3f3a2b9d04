import type { SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import {
  hostAndPort,
  parsedIn,
  parseServerName,
  type ServerName,
} from '../../protocol/identifiers.ts';

/** How a server is reached. */
export interface Way {
  /** In the order in which they are to be tried. */
  readonly targets: readonly Target[];
  /** Whom the certificate must be of; an address without brackets. */
  readonly certifiedName: string;
  readonly hostHeader: string;
  /** The operator has said so: then it may lead anywhere. */
  readonly isByTable?: boolean;
}

export interface Target {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface DiscoveryPorts {
  /** What `/.well-known/matrix/server` of the host delegates to; undefined where nothing does. */
  readonly wellKnown: (host: string) => Promise<ServerName | undefined>;
  /** Empty where there are none. */
  readonly srv: (name: string) => Promise<readonly SrvRecord[]>;
  /** Between 0 and 1, for the weights of SRV records. */
  readonly random: () => number;
}

const PORT = 8448;

/** In the order of the specification (server-server API, "Resolving server names"). */
export async function findServer(name: ServerName, ports: DiscoveryPorts): Promise<Way> {
  const { host, port } = hostAndPort(name);
  if (isAddress(host) || port !== undefined) return direct(name);
  const delegated = await ports.wellKnown(host);
  if (delegated === undefined) return bySrv(name, ports);
  const to = hostAndPort(delegated);
  return isAddress(to.host) || to.port !== undefined ? direct(delegated) : bySrv(delegated, ports);
}

/** Of what a well-known response says: the name to delegate to, if it is one. */
export function delegatedIn(text: string): ServerName | undefined {
  try {
    const said = (JSON.parse(text) as { 'm.server'?: unknown } | null)?.['m.server'];
    return parsedIn(said, parseServerName);
  } catch {
    return undefined;
  }
}

export function direct(name: ServerName): Way {
  const { host, port = PORT } = hostAndPort(name);
  return { targets: [{ host: bare(host), port }], certifiedName: bare(host), hostHeader: name };
}

async function bySrv(name: ServerName, { srv, random }: DiscoveryPorts): Promise<Way> {
  for (const service of ['_matrix-fed', '_matrix']) {
    const records = await srv(`${service}._tcp.${name}`);
    const targets = inOrder(records, random).map(({ name: host, port }) => ({ host, port }));
    if (targets.length > 0) return { ...direct(name), targets };
  }
  return direct(name);
}

const TARGETS_MAX = 4;

/** By priority, and within one by weighted chance (RFC 2782). A dot says that there is no such service. */
function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = records.filter(({ name }) => name !== '' && name !== '.');
  const chosen: SrvRecord[] = [];
  while (left.length > 0 && chosen.length < TARGETS_MAX) {
    const priority = Math.min(...left.map((record) => record.priority));
    const next = ofWeight(
      left.filter((record) => record.priority === priority),
      random(),
    );
    chosen.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return chosen;
}

function ofWeight(records: readonly SrvRecord[], chance: number): SrvRecord {
  let rest = chance * records.reduce((sum, { weight }) => sum + weight, 0);
  for (const record of records) {
    rest -= record.weight;
    if (rest < 0) return record;
  }
  return records.at(-1)!;
}

const bare = (host: string): string => host.replaceAll(/^\[|\]$/g, '');
const isAddress = (host: string): boolean => isIP(bare(host)) !== 0;
