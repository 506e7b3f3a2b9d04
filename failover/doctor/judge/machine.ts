import { isStalled } from '../../status/disk.ts';
import type { SiteStatus } from '../../status/status.ts';
import type { Disk, Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { NO_AGENT } from './cluster.ts';
import { isHeard } from './heard.ts';

/** The time of an HTTP answer has no parts of a second. */
const CLOCK_OFF_MS = 2_000;

/** That this clock goes with those of the other sites. */
export function clock({ clock: { synchronized, ahead }, site }: Facts): Finding {
  const off = ahead.filter(({ ms }) => Math.abs(ms) > CLOCK_OFF_MS);
  if (off.length > 0) {
    // Two others that agree are right.
    const own = off.length === ahead.length;
    const worst = off.reduce((a, b) => (Math.abs(b.ms) > Math.abs(a.ms) ? b : a));
    const said = `the clock of ${site} is ${seconds(worst.ms)} that of ${worst.member}`;
    return amiss(
      said,
      setAt(own && ahead.length > 1 ? site : own ? `${site} or ${worst.member}` : worst.member),
    );
  }
  if (synchronized === false) return amiss(`nobody sets the clock of ${site}`, setAt(site));
  if (ahead.length === 0 && synchronized === null)
    return unknown('nobody answers who could be compared with');
  return well(
    ahead.length === 0
      ? 'is set by its time daemon'
      : `goes with ${ahead.map(({ member }) => member).join(' and ')}`,
  );
}

const setAt = (where: string): string =>
  `At ${where}: \`systemctl status chrony\`, \`chronyc sources\`; a time server must be reachable.`;
const seconds = (ms: number): string =>
  `${(Math.abs(ms) / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead of' : 'behind'}`;

const FREE_SHARE_MIN = 0.05;
const FREE_BYTES_MIN = 512 * 1024 * 1024;

/** Those of this machine that Farol, PostgreSQL and etcd write to; and that PostgreSQL's answers, at each site that is heard. */
export function disks({ agent, disks: seen, site }: Facts): Finding {
  const stalled = agent.kind === 'told' ? agent.status.sites.find(hasStalled) : undefined;
  // One that takes nothing tells how much is free all the same, from memory.
  if (stalled?.disk != null) return ofStalled(stalled.site, stalled.disk.silentMs ?? 0);
  for (const disk of seen) {
    const wrong = ofDisk(disk);
    if (wrong !== null) return amiss(`${disk.path} of ${site} ${wrong}`, makeRoom(site, disk));
  }
  const least = seen.map(({ freeBytes }) => freeBytes).sort((a, b) => a - b)[0];
  return least === undefined
    ? unknown('none was looked at')
    : well(`at least ${megabytes(least)} free`);
}

const hasStalled = (site: SiteStatus): boolean =>
  site.disk != null && isStalled(site.disk) && isHeard(site);

const ofStalled = (site: string, ms: number): Finding =>
  amiss(
    `PostgreSQL's disk at ${site} has not answered for ${Math.floor(ms / 1_000)} s: what is written there does not arrive`,
    `At ${site}: \`dmesg\` tells of errors; look at the disk, its cable, its controller or its storage network.`,
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

/** What the UPS of each site says. */
export function power({ agent, hasUps, site: own }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { sites } = agent.status;
  for (const { site, power: source } of sites) {
    if (source === 'low') return amiss(`the battery of ${site} is nearly empty`, restore(site));
    if (source === 'battery') return amiss(`${site} runs on its battery`, restore(site));
    if (source === 'unknown' && hasUps && site === own)
      return amiss(
        `the UPS of ${site} does not answer`,
        `At ${site}: \`upsc UPS\` and \`systemctl status nut-server nut-driver.target\`; \`power\` in failover.yml names it.`,
      );
  }
  const known = sites.filter(({ power: source }) => source === 'mains').map(({ site }) => site);
  return known.length === 0
    ? unknown('no UPS is configured')
    : well(`${known.join(', ')} on mains`);
}

const restore = (site: string): string =>
  `Whoever is nearest to ${site}: bring back the mains. The lead leaves by itself before the battery is empty.`;
