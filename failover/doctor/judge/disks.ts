import { isFull, isStalled } from '../../status/disk.ts';
import type { SiteStatus } from '../../status/status.ts';
import type { Disk, Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { isHeard } from './heard.ts';

const FREE_SHARE_MIN = 0.05;
const FREE_BYTES_MIN = 512 * 1024 * 1024;

/** Those of this machine that Farol, PostgreSQL and etcd write to; and that PostgreSQL's answers, at each site that is heard. */
export function disks({ agent, disks: seen, site }: Facts): Finding {
  const heard = agent.kind === 'told' ? agent.status.sites.filter(isHeard) : [];
  // One that takes nothing tells how much is free all the same, from memory.
  const stalled = firstOf(heard, ofStalled);
  if (stalled !== null) return stalled;
  for (const disk of seen) {
    const wrong = ofDisk(disk);
    if (wrong !== null) return amiss(`${disk.path} of ${site} ${wrong}`, makeRoom(site, disk));
  }
  const least = seen.map(({ freeBytes }) => freeBytes).sort((a, b) => a - b)[0];
  return (
    firstOf(heard, ofFull) ??
    firstOf(heard, notWatched) ??
    (least === undefined
      ? unknown('none was looked at')
      : well(`at least ${megabytes(least)} free`))
  );
}

type DiskReport = NonNullable<SiteStatus['disk']>;
type OfReport = (site: string, report: DiskReport) => Finding | null;

function firstOf(heard: readonly SiteStatus[], judge: OfReport): Finding | null {
  for (const { site, disk } of heard) {
    // An agent of before, beside these sources, says nothing of it.
    const finding = disk ? judge(site, disk) : null;
    if (finding !== null) return finding;
  }
  return null;
}

const ofStalled: OfReport = (site, report) =>
  isStalled(report)
    ? amiss(
        `PostgreSQL's disk at ${site} has not answered for ${Math.floor((report.silentMs ?? 0) / 1_000)} s: what is written there does not arrive`,
        `At ${site}: \`dmesg\` tells of errors; look at the disk, its cable, its controller or its storage network.`,
      )
    : null;

const ofFull: OfReport = (site, report) =>
  isFull(report)
    ? amiss(
        `${Math.floor(100 * (1 - (report.free ?? 0)))} % of the ${report.scarce} of PostgreSQL's disk at ${site} ${report.scarce === 'space' ? 'is' : 'are'} used`,
        `At ${site}: make room, or give it a larger disk. Never delete anything in pg_wal by hand.`,
      )
    : null;

const notWatched: OfReport = (site, { trouble }) =>
  trouble === null
    ? null
    : amiss(
        `if PostgreSQL's disk at ${site} stops to answer nobody would notice: ${trouble}`,
        `At ${site}: the agent's user must be able to write in patroni.postgres.probeDir of failover.yml, on that disk. \`ansible-playbook site.yml\` makes it so.`,
      );

function ofDisk({ readOnly, freeBytes, bytes, freeFiles }: Disk): string | null {
  if (readOnly) return 'cannot be written: its disk is mounted for reading only';
  if (freeBytes < FREE_BYTES_MIN || freeBytes < bytes * FREE_SHARE_MIN)
    return `is full: ${megabytes(freeBytes)} of ${megabytes(bytes)} are free`;
  return freeFiles < FREE_SHARE_MIN ? 'has no room for more files' : null;
}

const makeRoom = (site: string, { readOnly, path }: Disk): string =>
  readOnly
    ? `At ${site}: \`dmesg\` says what the disk did; replace it, or \`fsck\` it with everything on it stopped.`
    : `At ${site}: make room (\`du -xh --max-depth=2 ${path}\`), or give it a larger disk. Never delete anything in pg_wal by hand.`;
const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MB`;
