import { Gauge, Registry } from 'prom-client';
import { isPrimary, knowsEtcd } from '../status/known.ts';
import type { SiteStatus, Status } from '../status/status.ts';

type Value = readonly [labels: Readonly<Record<string, string>>, value: number];

const WRITES = ['flow', 'unprotected', 'wait', 'none', 'unknown'] as const;
const POWER = ['mains', 'battery', 'low', 'unknown'] as const;

/** What the agent of this site says of the whole cluster, as Prometheus reads it. */
export function clusterMetrics(status: Status): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, values: readonly Value[]) => {
    // Without a value it would be told as 0.
    if (values.length === 0) return;
    const labelNames = Object.keys(values[0]?.[0] ?? {});
    const made = new Gauge({ name: `farol_${name}`, help, labelNames, registers: [registry] });
    for (const [labels, value] of values) made.set({ ...labels }, value);
  };
  gauge(
    'writes',
    '1 at how writes fare, as `farol status` says it.',
    oneOf(WRITES, 'kind', status.writes.kind),
  );
  gauge(
    'writes_without_etcd',
    '1 while the leader goes on without etcd, with leave of all other sites.',
    [[{}, Number(status.writes.withoutEtcd ?? false)]],
  );
  gauge('patroni_paused', '1 while Patroni is paused and replaces no primary.', [
    [{}, Number(status.patroniPaused)],
  ]);
  gauge(
    'etcd_silent_seconds',
    'For how long etcd has not answered the agent.',
    seconds(status.etcdSilentMs),
  );
  gauge(
    'etcd_member_up',
    '1 while this member of etcd answers and knows its leader.',
    status.etcd.map(({ member, answers, knowsLeader }) => [
      { member },
      Number(answers && knowsLeader),
    ]),
  );
  gauge('sites_expected', 'How many sites, and a witness, the configuration names.', [
    [{}, status.etcd.length],
  ]);
  for (const [name, help, of] of OF_SITES)
    gauge(
      name,
      help,
      status.sites.flatMap((site) => of(site, status)),
    );
  return registry.metrics();
}

type OfSite = readonly [
  name: string,
  help: string,
  of: (site: SiteStatus, status: Status) => readonly Value[],
];

const OF_SITES: readonly OfSite[] = [
  ['leader', '1 at the site that leads.', ofEtcd(({ site }, { leader }) => site === leader)],
  [
    'primary',
    "1 at the site of PostgreSQL's primary.",
    ofEtcd(({ site }, { primary }) => site === primary),
  ],
  [
    'address_here',
    '1 at the site that has the floating addresses.',
    ofEtcd(({ site }, { address }) => site === address),
  ],
  [
    'silent_seconds',
    'For how long the agent of a site has given no sign of life.',
    (each) => at(each, each.silentMs / 1_000),
  ],
  [
    'server_healthy',
    '1 while the server of a site is well.',
    ofData((each) => Number(each.server?.healthy ?? false)),
  ],
  [
    'front_healthy',
    '1 while the front of a site accepts connections.',
    ofData((each) => Number(each.front === 'healthy')),
  ],
  [
    'postgres_takes_part',
    '1 while the PostgreSQL of a site is the running primary or streams from it.',
    ofData(takesPart),
  ],
  [
    'confirms_writes',
    '1 where a site is named among those that confirm writes.',
    (each, status) => (each.witness ? [] : ofEtcd(confirms)(each, status)),
  ],
  ['lag_bytes', "How much of the primary's log a copy lacks.", ofData(({ lagBytes }) => lagBytes)],
  [
    'unstable',
    'How often a site was lost lately; 0 once it has proved itself.',
    (each) => at(each, each.unstable),
  ],
  [
    'promotion_refused',
    '1 where the last promotion of a copy was refused.',
    (each) => flag(each, each.refused !== null),
  ],
  [
    'certificates_end_seconds',
    'When the first certificate of a site ends, since 1970.',
    (each) =>
      each.certificatesEnd === null ? [] : at(each, Date.parse(each.certificatesEnd) / 1_000),
  ],
  [
    'disk_silent_seconds',
    "For how long nothing that was written to PostgreSQL's disk of a site has come to it.",
    ofData(({ disk }) => (disk?.silentMs == null ? null : disk.silentMs / 1_000)),
  ],
  [
    'disk_free_share',
    "The part of PostgreSQL's disk of a site that is free, from 0 to 1, of space or inodes, whichever is scarcer.",
    ofData(({ disk }) => disk?.free ?? null),
  ],
  [
    'disk_watched',
    "1 where the agent of a site sees whether PostgreSQL's disk answers.",
    ofData(({ disk }) => (disk == null ? null : Number(disk.trouble === null))),
  ],
  [
    'battery_left_seconds',
    'How long the battery of a site lasts, by its UPS; told while it is what the site runs on.',
    told(({ battery }) => (battery?.leftMs == null ? null : battery.leftMs / 1_000)),
  ],
  [
    'battery_charge_share',
    'How full the battery of a site is, from 0 to 1.',
    told(({ battery }) => battery?.charge ?? null),
  ],
  [
    'power',
    '1 at what the UPS of a site says.',
    ({ site, power, silentMs }) =>
      silentMs > TOLD_FOR_MS
        ? []
        : oneOf(POWER, 'source', power).map(([labels, value]) => [{ site, ...labels }, value]),
  ],
];

const confirms = ({ site }: SiteStatus, { synchronousStandbys }: Status): boolean =>
  synchronousStandbys.includes(site);

/** Not told while etcd does not answer: what it said last may be elsewhere by now. */
function ofEtcd(is: (site: SiteStatus, status: Status) => boolean): OfSite[2] {
  return (each, status) => (knowsEtcd(status) ? flag(each, is(each, status)) : []);
}

function takesPart(each: SiteStatus, status: Status): number {
  return Number(each.postgres?.state === (isPrimary(each, status) ? 'running' : 'streaming'));
}

/**
 * What a silent site said last is not told: alerts go by the most of what any exporter tells, and its own may know of
 * something by now that the others' old number would hide.
 */
const TOLD_FOR_MS = 10_000;

/** What is not known is not told as a number. */
function told(value: (site: SiteStatus, status: Status) => number | null): OfSite[2] {
  return (each, status) => {
    const known = each.silentMs > TOLD_FOR_MS ? null : value(each, status);
    return known === null ? [] : at(each, known);
  };
}

/** A witness has none of it. */
function ofData(value: (site: SiteStatus, status: Status) => number | null): OfSite[2] {
  return told((each, status) => (each.witness ? null : value(each, status)));
}

const at = ({ site }: SiteStatus, value: number): readonly Value[] => [[{ site }, value]];
const flag = (each: SiteStatus, is: boolean): readonly Value[] => at(each, Number(is));
const seconds = (ms: number | null): readonly Value[] => (ms === null ? [] : [[{}, ms / 1_000]]);
const oneOf = (all: readonly string[], label: string, now: string): readonly Value[] =>
  all.map((each) => [{ [label]: each }, Number(each === now)]);
