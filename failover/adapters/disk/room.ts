/** What `stat -f` says of the file system that a folder is on: blocks, then inodes. */
export interface Room {
  readonly fileSystem: string;
  readonly available: number;
  readonly blocks: number;
  readonly unused: number;
  readonly inodes: number;
  readonly unusedInodes: number;
  readonly folder: string;
}

export const ROOM_FORMAT = 'room %i %a %b %f %c %d %n';

const ROOM = /^room (\w+) (\d+) (\d+) (\d+) (\d+) (\d+) (.+)$/;

export function roomIn(line: string): Room | null {
  const found = ROOM.exec(line);
  if (found === null) return null;
  const [available, blocks, unused, inodes, unusedInodes] = found.slice(2, 7).map(Number);
  return {
    fileSystem: found[1]!,
    available: available!,
    blocks: blocks!,
    unused: unused!,
    inodes: inodes!,
    unusedInodes: unusedInodes!,
    folder: found[7]!,
  };
}

export interface Free {
  readonly free: number;
  readonly scarce: 'space' | 'inodes';
}

/** Of all these, what is scarcest. Null where nothing is known. */
export function scarcest(rooms: readonly Room[]): Free | null {
  const all = rooms.flatMap(freeOf);
  return all.sort((a, b) => a.free - b.free)[0] ?? null;
}

/** As `df` counts it: what is kept for root is not PostgreSQL's. Btrfs has no number of inodes, and says 0. */
function freeOf({ available, blocks, unused, inodes, unusedInodes }: Room): Free[] {
  const usable = blocks - unused + available;
  const space: Free[] = usable > 0 ? [{ free: available / usable, scarce: 'space' }] : [];
  return inodes > 0 ? [...space, { free: unusedInodes / inodes, scarce: 'inodes' }] : space;
}
