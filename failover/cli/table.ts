import { isPrimary, knowsEtcd } from '../status/known.ts';
import type { SiteStatus, Status } from '../status/status.ts';
import { away } from './away.ts';
import { batteries, shortly } from './batteries.ts';
import { bytes } from './bytes.ts';
import { clocks } from './clocks.ts';
import { damagedCopies } from './damaged-copies.ts';
import { disks } from './disks.ts';
import { etcdMembers } from './etcd-members.ts';
import { sickLinks } from './links.ts';
import { outlook } from './outlook.ts';
import { agents } from './peers.ts';
import { refusals } from './refused.ts';
import { SILENT_MS } from './silent.ts';
import { blocksThatStay } from './stays-blocked.ts';

/** The table of `farol status`: a line a site, and the sentences that explain it. */
export function table(status: Status, nowMs = Date.now()): string {
  const rows = status.sites.map((site) => row(site, status, nowMs));
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...rows.map((cells) => cells[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [line(HEADS), ...rows.map(line), '', sentences(status, nowMs)].join('\n');
}

/** Who leads, who else may, and what somebody must see to. */
export function sentences(status: Status, nowMs = Date.now()): string {
  const { address, leader, others, warning } = status.explanation;
  return [
    ...[leader, ...move(status), address, ...several(status), others],
    ...(warning === null ? [] : [warning]),
    ...outlook(status),
    ...agents(status),
    ...batteries(status),
    ...etcdMembers(status),
    ...damagedCopies(status),
    ...away(status),
    ...disks(status),
    ...sickLinks(status),
    ...refusals(status.sites),
    ...blocksThatStay(status.sites),
    ...clocks(status.sites),
    ...stillMade(status),
    ...setAsideHere(status),
    ...notReadable(status),
    ...status.sites.flatMap((site) => renewal(site, nowMs)),
  ].join('\n');
}

const HEADS = [
  'SITE',
  'AGENT',
  'SERVER',
  'EPOCH',
  'POSITION',
  'POSTGRESQL',
  'LAG',
  'FRONT',
  'ADDRESS',
  'POWER',
  'CERTIFICATES',
  'ETCD',
];

function row(site: SiteStatus, status: Status, nowMs: number): string[] {
  const { server } = site;
  const agent =
    site.silentMs < SILENT_MS
      ? site.unstable > 0
        ? 'here, UNSTABLE'
        : 'here'
      : `silent ${(site.silentMs / 1_000).toFixed(0)} s`;
  const etcd = site.etcdLeader ? 'leader' : '';
  const certificates = certificatesOf(site, nowMs);
  if (site.silentMs >= SILENT_MS) return [site.site, agent, ...HEADS.slice(2).map(() => '?')];
  if (site.witness)
    return [site.site, agent, '(witness)', ...Array(6).fill(''), shortly(site), certificates, etcd];
  return [
    site.site,
    agent,
    server === null ? 'no answer' : server.healthy ? server.role : `${server.role}, sick`,
    String(server?.epoch ?? ''),
    String(server?.position ?? ''),
    postgresOf(site, status),
    isPrimary(site, status) ? '' : bytes(site.lagBytes),
    frontOf(site),
    addressOf(site, status),
    shortly(site),
    certificates,
    etcd,
  ];
}

function postgresOf({ site, postgres }: SiteStatus, status: Status): string {
  if (postgres === null) return 'no answer';
  const confirms = knowsEtcd(status) && status.synchronousStandbys.includes(site);
  return `${postgres.role}, ${postgres.state}${confirms ? ' (sync)' : ''}`;
}

/** Only etcd knows who has it. */
function addressOf({ site }: SiteStatus, status: Status): string {
  if (!knowsEtcd(status)) return '?';
  return site === status.address ? 'HERE' : '';
}

/** Well or not, and how it reaches the writer where that is not by itself. */
function frontOf({ front, frontWay }: SiteStatus): string {
  switch (frontWay?.kind) {
    case 'through':
      return `${front}, through ${frontWay.site}`;
    case 'none':
      return `${front}, NO WAY TO THE WRITER for ${(frontWay.forMs / 1_000).toFixed(0)} s`;
    case 'direct':
    case undefined:
      return front;
    default:
      // The agent may be of another release.
      frontWay satisfies never;
      return front;
  }
}

/** Agents of earlier releases say nothing of it. */
const move = ({ moving }: Status): string[] =>
  moving ? [`A move to ${moving.to} is under way: ${moving.why}.`] : [];

/** Where there is one it is no news. */
function several({ addresses }: Status): string[] {
  return addresses.length < 2 ? [] : [`It is ${addresses.join(' and ')}, which move together.`];
}

/** A Patroni whose question etcd carried out and did not answer in time waits for the others, as they do for it (4.0.7). */
const stillMade = ({ halfMade }: Status): string[] =>
  halfMade
    ? [
        `Patroni's key ${halfMade} says that a site is making the database, which takes seconds. If that lasts, and no initdb runs at any site, nobody makes it: \`etcdctl del ${halfMade}\` lets one begin anew.`,
      ]
    : [];

function setAsideHere({ setAside }: Status): string[] {
  if (setAside === null) return [];
  const { path, since } = setAside;
  return [
    `Here ${path} is a copy of the database that Patroni could not use, from ${since.slice(0, 10)}; remove it when nobody wants to look into it.`,
  ];
}

const notReadable = ({ unreadable }: Status): string[] =>
  unreadable.map(
    (key) =>
      `Nobody can read what is in etcd's key ${key}, so it counts for nothing; see what \`etcdctl get ${key}\` says.`,
  );

/** An authority of one's own takes people and a visit; this leaves them three weeks. */
const RENEW_WITHIN_DAYS = 21;

function certificatesOf({ certificatesEnd }: SiteStatus, nowMs: number): string {
  if (certificatesEnd === null) return '';
  const days = daysUntil(certificatesEnd, nowMs);
  return days < 0 ? 'ENDED' : `${days} days`;
}

function renewal({ site, certificatesEnd }: SiteStatus, nowMs: number): string[] {
  if (certificatesEnd === null || daysUntil(certificatesEnd, nowMs) >= RENEW_WITHIN_DAYS) return [];
  const verb = Date.parse(certificatesEnd) < nowMs ? 'ended' : 'ends';
  return [`Renew: a certificate of ${site} ${verb} on ${certificatesEnd.slice(0, 10)}.`];
}

const daysUntil = (time: string, nowMs: number): number =>
  Math.floor((Date.parse(time) - nowMs) / 86_400_000);
