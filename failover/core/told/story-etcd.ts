import type { Lease } from '../inputs.ts';
import type { LeaseKey, MachineKey, Promotion, Report, Site, View } from '../view.ts';

/** The revision of Patroni's leader key, whoever has it. */
const KEY = 5;

/** The etcd of a story: three sites that pulse with each reading unless they are silent. */
export class StoryEtcd {
  readonly #others: Record<Site, Partial<Report>>;
  readonly #silent = new Set<Site>();
  readonly #pulses: Record<Site, number> = { a: 1, b: 1, c: 1 };
  readonly #keys: Keys = {
    leader: { site: null, revision: 0 },
    address: { site: null, revision: 0 },
    patroni: null,
    sync: ['b', 'c'],
    failover: null,
    timeline: 1,
    paused: false,
    syncLeader: null,
    noted: null,
    notedUnder: KEY,
    given: null,
    machine: { machine: 'm', boot: '2', losses: 0, revision: 4 },
  };
  #revision = 10;

  /** `others`: how sites differ from being well. */
  constructor(others: Record<Site, Partial<Report>>) {
    this.#others = others;
  }

  give(lease: Lease, to: Site | null): View {
    this.#keys[lease] = { site: to, revision: this.#revision + 1 };
    return this.read();
  }

  /** As the words of a story say it: `leader a 5, sync b c, silent b`. */
  change(text: string): View {
    for (const part of text.split(', ')) {
      const [what, ...rest] = part.split(' ');
      if (what === 'silent') for (const site of rest) this.#silent.add(site);
      else Object.assign(this.#keys, changed(what, rest, this.#revision + 1));
    }
    return this.read();
  }

  read(): View {
    this.#revision += 1;
    for (const site of Object.keys(this.#pulses))
      if (!this.#silent.has(site)) this.#pulses[site] = this.#revision;
    const { leader, address, machine } = this.#keys;
    return {
      clusterId: '1',
      revision: this.#revision,
      leader,
      address,
      sites: this.#sites(),
      machines: { a: machine },
      timelines: timelinesOf(this.#keys),
      patroni: patroniOf(this.#keys),
      unreadable: [],
    };
  }

  #sites(): View['sites'] {
    const entries = Object.entries(this.#pulses).map(([site, revision]) => [
      site,
      { revision, report: { ...wellAtSite(site), ...this.#others[site] } },
    ]);
    return Object.fromEntries(entries);
  }
}

interface Keys {
  leader: LeaseKey;
  address: LeaseKey;
  patroni: Site | null;
  sync: Site[];
  failover: View['patroni']['failover'];
  timeline: number;
  paused: boolean;
  syncLeader: Site | null;
  noted: number | null;
  notedUnder: number;
  given: Promotion | null;
  machine: MachineKey;
}

function changed(what: string | undefined, rest: string[], revision: number): Partial<Keys> {
  const [first, second, third] = rest;
  switch (what) {
    case 'leader':
    case 'address':
      return { [what]: { site: named(first), revision: Number(second ?? 1) } };
    case 'patroni':
      return { patroni: named(first) };
    case 'failover':
      return { failover: first === '-' ? null : wish(first, second) };
    case 'timeline':
      return { timeline: Number(first) };
    case 'noted':
      return { noted: Number(first), notedUnder: Number(second ?? KEY) };
    case 'given':
      return { given: { site: second ?? 'a', timeline: Number(first), parent: 1 } };
    case 'paused':
      return { paused: true };
    case 'sync-leader':
      return { syncLeader: first ?? null };
    case 'sync':
      return { sync: first === '-' ? [] : rest };
    case 'machine':
      return {
        machine: { machine: first ?? '', boot: second ?? '', losses: Number(third ?? 0), revision },
      };
    default:
      throw new Error(`the story says of etcd "${what}"`);
  }
}

const named = (site: string | undefined): Site | null =>
  site === undefined || site === '-' ? null : site;

const wish = (from: Site | undefined, to: Site | undefined) => ({
  from: from ?? null,
  to: to ?? null,
  revision: 70,
});

function patroniOf({
  patroni,
  sync,
  syncLeader,
  failover,
  timeline,
  paused,
}: Keys): View['patroni'] {
  return {
    leader:
      patroni === null ? null : { site: patroni, lease: `lease of ${patroni}`, revision: KEY },
    sync: { leader: syncLeader ?? patroni, standbys: sync, revision: 2 },
    failover,
    failoverRevision: failover?.revision ?? 0,
    timeline,
    history: [],
    historyRevision: 6,
    paused,
    configRevision: 3,
  };
}

function timelinesOf({ timeline, noted, notedUnder, given }: Keys): View['timelines'] {
  const living = noted ?? timeline;
  return {
    given: given?.timeline ?? living,
    promotions: given === null ? [] : [given],
    acknowledging: { timeline: living, parent: 1, before: living, key: notedUnder },
    revision: 8,
  };
}

export function wellAtSite(site: Site): Report {
  return {
    witness: false,
    serverUrl: `https://${site}`,
    server: { role: 'follower', epoch: null, position: 0, healthy: true, why: null },
    postgres: { role: 'standby', state: 'streaming', timeline: 1, lsn: '1' },
    front: 'healthy',
    frontWay: null,
    mayHoldAddress: true,
    power: 'mains',
    battery: null,
    disk: null,
    links: {},
    certificatesEnd: null,
    notCandidate: null,
    heldDown: false,
    unstable: 0,
    refused: null,
    etcdLeader: false,
  };
}
