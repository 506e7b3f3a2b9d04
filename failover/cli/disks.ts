import { isFull, isStalled } from '../status/disk.ts';
import type { SiteStatus, Status } from '../status/status.ts';
import { span } from './span.ts';

type Disk = NonNullable<SiteStatus['disk']>;

/** Disks that do not answer, are full or soon will be, or are not watched: since when, what that means, and who must do what. */
export function disks({ sites, primary }: Status): string[] {
  return sites.flatMap(({ site, disk }) => {
    // An agent of before, beside these sources, says nothing of it.
    if (!disk) return [];
    const roomier = sites.some((other) => other.site !== site && hasRoom(other.disk));
    const where = { site, leads: site === primary, roomier };
    return [stalled(where, disk), full(where, disk), notWatched(where, disk)].flat();
  });
}

interface Where {
  readonly site: string;
  readonly leads: boolean;
  readonly roomier: boolean;
}

const FREE_TO_WARN = 0.1;

const hasRoom = (disk: Disk | null): boolean => disk?.free != null && !isFull(disk);

function stalled({ site, leads }: Where, disk: Disk): string[] {
  const { silentMs } = disk;
  if (silentMs === null || !isStalled(disk)) return [];
  const what = leads
    ? 'Nothing is committed there, and another site takes the lead if one can'
    : `No switchover goes to ${site}`;
  return [
    `The DISK of ${site} has not answered for ${span(silentMs)}: what PostgreSQL writes there does not arrive. ${what}, until it answers again; ` +
      `look at the disk, its cable, its controller or its storage network at ${site} (\`dmesg\` there tells of errors).`,
  ];
}

function full({ site, leads, roomier }: Where, disk: Disk): string[] {
  const { free, scarce } = disk;
  if (free === null || free >= FREE_TO_WARN) return [];
  const used = `${site}: ${Math.floor(100 * (1 - free))} % of the ${scarce} on PostgreSQL's disk ${scarce === 'space' ? 'is' : 'are'} used`;
  const todo = `Make room at ${site}, or enlarge that disk.`;
  if (!isFull(disk)) return [`${used}; from 95 % on it is left for a site with more room. ${todo}`];
  if (!leads) return [`${used}: no switchover goes there. ${todo}`];
  return [
    roomier
      ? `${used}: a site with more room takes the lead, if one can. ${todo}`
      : `${used}, and NO OTHER SITE IS KNOWN TO HAVE ROOM, so ${site} leads on until it is full. ${todo}`,
  ];
}

const notWatched = ({ site }: Where, { trouble }: Disk): string[] =>
  trouble === null
    ? []
    : [
        `Whether the disk of ${site} answers is NOT WATCHED: ${trouble}. The agent's user must be able to write in patroni.postgres.probeDir there.`,
      ];
