import type { Electorate } from '../election/votes.ts';
import type { Lease } from '../inputs.ts';
import { NO_TIMELINES } from '../timelines.ts';
import type { LeaseKey, MachineKey, PatroniKeys, Site, SiteKey, Timelines, View } from '../view.ts';
import type { KeyNames } from './names.ts';
import { readAlone } from './reading-alone.ts';
import { readIncarnation } from './reading-incarnation.ts';
import { readKept } from './reading-kept.ts';
import { readGiven, readPromises } from './reading-promises.ts';
import { readReport } from './reading-report.ts';
import { leaseKey } from './transactions.ts';

/** A key as it was found; `json` is undefined where its text is no JSON. */
export interface Found {
  readonly key: string;
  readonly text: string;
  readonly json: unknown;
  readonly revision: number;
  readonly lease: string | null;
}

export interface Header {
  readonly clusterId: string;
  readonly revision: number;
}

/**
 * One bad value blinds nobody: what cannot be read is as if it were not there, as it is for Patroni, and
 * its key is named.
 */
export function readView(header: Header, found: readonly Found[], names: KeyNames): View {
  const byName = new Map(found.map((each) => [each.key, each]));
  const unreadable: string[] = [];
  const sites: Record<Site, SiteKey> = {};
  const machines: Record<Site, MachineKey> = {};
  for (const each of found) {
    const { key, revision } = each;
    const told = objectIn(each);
    const [machine, site] = [nameBelow(names.machines, key), nameBelow(names.sites, key)];
    if (machine !== null) {
      machines[machine] = readMachine(each);
      if (told === null) unreadable.push(key);
    }
    if (site === null) continue;
    const read = told && readReport(told, header.revision);
    if (read) sites[site] = { revision, report: read.report };
    if (!read?.isWhole) unreadable.push(key);
  }
  const read = <T>(key: string, of: (found: Found | undefined) => T | 'unreadable', none: T): T => {
    const value = of(byName.get(key));
    if (value !== 'unreadable') return value;
    unreadable.push(key);
    return none;
  };
  const lease = (which: Lease): LeaseKey => {
    const key = leaseKey(names, which);
    const revision = byName.get(key)?.revision ?? 0;
    return read(key, readLease, { site: null, revision, unreadable: true });
  };
  const config = objectIn(byName.get(names.patroniConfig));
  return {
    clusterId: header.clusterId,
    revision: header.revision,
    leader: lease('leader'),
    address: lease('address'),
    sites,
    machines,
    timelines: read(names.timelines, readTimelines, null),
    ...readPromises(found, names.promises, unreadable),
    ...readGiven(byName.get(names.given), unreadable),
    ...readAlone(byName.get(names.alone), unreadable),
    ...readIncarnation(byName.get(names.incarnation), unreadable),
    patroni: {
      leader: read(names.patroniLeader, readPatroniLeader, null),
      sync: read(names.patroniSync, readSync, null),
      failover: read(names.patroniFailover, readFailover, null),
      failoverRevision: byName.get(names.patroniFailover)?.revision ?? 0,
      timeline: read(names.patroniHistory, readHistory, null),
      history: linesIn(byName.get(names.patroniHistory)),
      historyRevision: byName.get(names.patroniHistory)?.revision ?? 0,
      paused: read(names.patroniConfig, readPaused, false),
      configRevision: byName.get(names.patroniConfig)?.revision ?? 0,
      ...(config?.synchronous_mode_strict === false && { isLax: true as const }),
      ...(config && { kept: readKept(config) }),
      ...readFailsafe(config, byName.get(names.patroniFailsafe)),
    },
    unreadable,
  };
}

const nameBelow = (folder: string, key: string): Site | null =>
  key.startsWith(folder) ? nameIn(key.slice(folder.length)) : null;

type Read<T> = T | 'unreadable';

function objectIn(found: Found | undefined): Record<string, unknown> | null {
  const json = found?.json;
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : null;
}

const textIn = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** `__proto__` and its like are in every object, and would be found where sites are looked up by name. */
const nameIn = (value: unknown): Site | null => {
  const name = textIn(value);
  return name === null || name in {} ? null : name;
};

function readLease(found: Found | undefined): Read<LeaseKey> {
  if (found === undefined) return { site: null, revision: 0 };
  const lease = objectIn(found);
  const site = nameIn(lease?.site);
  if (site === null && lease?.site !== null) return 'unreadable';
  return { site, revision: found.revision };
}

/** One that nobody can read is some other machine's: whoever wants the name waits until it is silent. */
function readMachine(found: Found): MachineKey {
  const { machine, boot, losses } = objectIn(found) ?? {};
  return {
    machine: textIn(machine) ?? '',
    boot: textIn(boot) ?? '',
    losses: typeof losses === 'number' ? losses : 0,
    revision: found.revision,
  };
}

/** Patroni's leader key without a lease is nobody's: somebody wrote it by hand. */
function readPatroniLeader(found: Found | undefined): Read<PatroniKeys['leader']> {
  if (found === undefined) return null;
  const site = nameIn(found.text);
  if (site === null || found.lease === null) return 'unreadable';
  return { site, lease: found.lease, revision: found.revision };
}

/** Patroni keeps the names of several standbys in one string, with commas between them. */
function readSync(found: Found | undefined): Read<PatroniKeys['sync']> {
  if (found === undefined) return null;
  const sync = objectIn(found);
  if (sync === null) return 'unreadable';
  const leader = nameIn(sync.leader);
  const named = leader === null ? '' : (textIn(sync.sync_standby) ?? '');
  const standbys = named
    .split(',')
    .map((name) => name.trim())
    .filter((name) => nameIn(name) !== null);
  const quorum = typeof sync.quorum === 'number' ? { quorum: sync.quorum } : {};
  return { leader, standbys, ...quorum, revision: found.revision };
}

/** Whom an election has to hear. What Patroni itself cannot read it takes for nobody. */
export function readElectorate(found: Found | undefined): Electorate | null {
  const sync = readSync(found);
  if (sync === null || sync === 'unreadable') return null;
  return { ...sync, quorum: sync.quorum ?? 0 };
}

/** Whether an agent vouches for whom Patroni's leader key names: it was written with that key. */
export const isVouchedFor = (vouched: Found | undefined, leader: Found | undefined): boolean =>
  vouched !== undefined && vouched.revision === leader?.revision;

/**
 * Whom a promotion has to hear. Nobody, where an agent vouches for it; but where an operator ordered it (core/recovery/recover.ts), each of
 * those that were there and had no more must say so again.
 */
export function electorateOf(
  vouched: Found | undefined,
  leader: Found | undefined,
  sync: Found | undefined,
): Electorate | null {
  if (!isVouchedFor(vouched, leader)) return readElectorate(sync);
  const { unless } = objectIn(vouched!) ?? {};
  const [first, ...others] = Array.isArray(unless) ? unless.filter((site) => nameIn(site)) : [];
  if (first === undefined) return null;
  return { leader: first, standbys: [...others, leader!.text], quorum: 1 + others.length };
}

/**
 * What Patroni's own switchover writes. Patroni does not remove the key when it has ended but writes `{}`
 * into it; reads `leader:candidate` as well; and one that is set for a later time is none yet.
 */
function readFailover(found: Found | undefined): Read<PatroniKeys['failover']> {
  if (found === undefined || found.text.trim() === '') return null;
  const { revision } = found;
  if (found.json === undefined) {
    const [from, to] = found.text.split(':').map((name) => name.trim());
    return from || to ? { from: nameIn(from), to: nameIn(to), revision } : null;
  }
  const { leader, member, scheduled_at } = objectIn(found) ?? {};
  if (scheduled_at) return null;
  const [from, to] = [nameIn(leader), nameIn(member)];
  return from === null && to === null ? null : { from, to, revision };
}

/** Each line tells of a timeline that has ended: the cluster's is the one after the last of them. */
export function readHistory(found: Found | undefined): Read<PatroniKeys['timeline']> {
  if (found === undefined) return 1;
  if (!Array.isArray(found.json)) return 'unreadable';
  const last: unknown = found.json.at(-1);
  if (last === undefined) return 1;
  const ended: unknown = Array.isArray(last) ? last[0] : undefined;
  return typeof ended === 'number' ? ended + 1 : 'unreadable';
}

const linesIn = (found: Found | undefined): unknown[][] =>
  Array.isArray(found?.json) ? found.json.filter((line) => Array.isArray(line)) : [];

/** Who cannot read it must not take it for empty: what it says is why a copy may not lead. */
export function readTimelines(
  found: Pick<Found, 'json' | 'revision'> | undefined,
): Read<NonNullable<View['timelines']>> {
  if (found === undefined) return { ...NO_TIMELINES, revision: 0 };
  const read = isTimelines(found.json) ? found.json : null;
  return read === null ? 'unreadable' : { ...read, revision: found.revision };
}

function isTimelines(json: unknown): json is Timelines {
  const { given, promotions, acknowledging } = (json ?? {}) as Partial<Timelines>;
  const known = acknowledging === null || typeof acknowledging?.timeline === 'number';
  return typeof given === 'number' && Array.isArray(promotions) && known;
}

/** Patroni itself goes on without etcd by the one and the other. */
function readFailsafe(
  config: Record<string, unknown> | null,
  found: Found | undefined,
): Pick<PatroniKeys, 'failsafe'> {
  const members = objectIn(found);
  if (config?.failsafe_mode !== true || members === null) return {};
  return { failsafe: Object.keys(members).filter((name) => nameIn(name) !== null) };
}

function readPaused(found: Found | undefined): Read<boolean> {
  if (found === undefined) return false;
  const config = objectIn(found);
  return config === null ? 'unreadable' : config.pause === true;
}
