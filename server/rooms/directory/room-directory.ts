import { setImmediate as turn } from 'node:timers/promises';
import type { PlacedRecord } from '../../log/change.ts';
import type { Log } from '../../log/log.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Rooms } from '../rooms.ts';
import type { ListedRoom, RoomStore } from '../store.ts';
import { mayBeShown, type RoomSummary, SUMMARY_TYPES } from '../summary/room-summary.ts';
import { folded } from './folded.ts';

export interface DirectoryPorts {
  readonly identity: { readonly serverName: ServerName };
  readonly log: Pick<Log, 'onCommitted'>;
  readonly store: Pick<RoomStore, 'listedRooms'>;
  readonly rooms: Pick<Rooms, 'summaries'>;
}

export interface DirectoryQuery {
  /** Anywhere in name, topic or canonical alias, whatever its case and accents. */
  readonly term?: string | undefined;
  /** Null for rooms that have none. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  /** That of this server unless another one is meant, or all of them together. */
  readonly directory?: 'all' | { readonly instanceId: string } | undefined;
  readonly limit: number;
  readonly from?: DirectoryPlace | undefined;
}

/** Just behind a room in the order of the directory, going on or back from there. */
export interface DirectoryPlace {
  readonly joinedCount: number;
  readonly roomId: string;
  readonly direction: 'next' | 'prev';
}

export interface DirectoryPage {
  readonly rooms: readonly RoomSummary[];
  readonly total: number;
  readonly hasNext: boolean;
  readonly hasPrev: boolean;
}

interface Entry {
  readonly summary: RoomSummary;
  readonly text: string;
  readonly listed: ListedRoom;
}

const READ_AT_ONCE = 200;

/**
 * The published rooms, the largest first: of this server, and of the networks of its application services. They are read
 * when somebody first asks, and kept: about 2 kB each. A commit that changes one makes it be read again when it is asked for next.
 */
export class RoomDirectory {
  readonly #ports: DirectoryPorts;
  #entries = new Map<RoomId, Entry>();
  #sorted: readonly Entry[] | undefined;
  /** What is to be read, with a mark that tells whether it changed while it was. */
  readonly #stale = new Map<RoomId, object>();
  #begun: Promise<void> | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
    ports.log.onCommitted((records) => this.#note(records));
  }

  /** Whose rooms these are. */
  get serverName(): ServerName {
    return this.#ports.identity.serverName;
  }

  async page({ term, roomTypes, directory, limit, from }: DirectoryQuery): Promise<DirectoryPage> {
    await this.#upToDate();
    const wanted = term === undefined ? undefined : folded(term);
    const found = this.#inOrder().filter(
      ({ summary, text, listed }) =>
        isIn(directory, listed) &&
        (wanted === undefined || text.includes(wanted)) &&
        (roomTypes === undefined || roomTypes.includes(summary.roomType ?? null)),
    );
    const rooms = found.map(({ summary }) => summary);
    const [begin, end] = sliceOf(rooms, limit, from);
    return {
      rooms: rooms.slice(begin, end),
      total: rooms.length,
      hasNext: end < rooms.length,
      hasPrev: begin > 0,
    };
  }

  #inOrder(): readonly Entry[] {
    this.#sorted ??= [...this.#entries.values()]
      .filter(isListed)
      .sort((a, b) => compare(a.summary, b.summary));
    return this.#sorted;
  }

  #note(records: readonly PlacedRecord[]): void {
    if (this.#begun === undefined) return;
    for (const { record } of records)
      if (record.kind === 'directory' || record.kind === 'room-deleted')
        this.#stale.set(record.roomId, {});
      else if (record.kind === 'state' && CHANGING.has(record.type) && this.#has(record.roomId))
        this.#stale.set(record.roomId, {});
  }

  #has(roomId: RoomId): boolean {
    return this.#entries.has(roomId) || this.#stale.has(roomId);
  }

  async #upToDate(): Promise<void> {
    this.#begun ??= this.#begin();
    await this.#begun;
    // One behind the other: whoever comes meanwhile finds nothing left to read, nearly always.
    const mine = this.#reading.then(() => this.#read());
    this.#reading = mine.catch(() => {});
    await mine;
  }

  async #begin(): Promise<void> {
    try {
      for (const { roomId } of await this.#ports.store.listedRooms()) this.#stale.set(roomId, {});
    } catch (error) {
      this.#begun = undefined;
      throw error;
    }
  }

  /** What becomes stale behind the beginning is for who asks next. */
  async #read(): Promise<void> {
    const stale = [...this.#stale];
    for (let at = 0; at < stale.length; at += READ_AT_ONCE) {
      if (at > 0) await turn();
      await this.#readSome(stale.slice(at, at + READ_AT_ONCE));
    }
  }

  async #readSome(stale: readonly (readonly [RoomId, object])[]): Promise<void> {
    const roomIds = stale.map(([roomId]) => roomId);
    const all = new Map(
      (await this.#ports.store.listedRooms(roomIds)).map((each) => [each.roomId, each]),
    );
    const summaries = await this.#ports.rooms.summaries([...all.keys()]);
    this.#sorted = undefined;
    for (const [roomId, mark] of stale) {
      const summary = summaries.get(roomId);
      const listed = all.get(roomId);
      if (summary && listed) this.#entries.set(roomId, { summary, text: textOf(summary), listed });
      else this.#entries.delete(roomId);
      if (this.#stale.get(roomId) === mark) this.#stale.delete(roomId);
    }
  }
}

function isIn(directory: DirectoryQuery['directory'], { published, networks }: ListedRoom) {
  if (directory === undefined) return published;
  return directory === 'all' || networks.includes(directory.instanceId);
}

/** What changes a summary, or who is in the room. */
const CHANGING = new Set<string>([...SUMMARY_TYPES, 'm.room.member']);

const NO_MEMBERSHIPS = new Map<RoomId, never>();

/** A room that nobody could enter, knock at or read is of no use to those who look around. */
const isListed = ({ summary }: Entry): boolean =>
  summary.joinedCount > 0 && mayBeShown(summary, NO_MEMBERSHIPS);

const textOf = ({ name = '', topic = '', canonicalAlias = '' }: RoomSummary): string =>
  folded(`${name}\n${topic}\n${canonicalAlias}`);

type Ordered = Pick<RoomSummary, 'joinedCount'> & { readonly roomId: string };

const compare = (a: Ordered, b: Ordered): number =>
  b.joinedCount - a.joinedCount || (a.roomId < b.roomId ? -1 : a.roomId > b.roomId ? 1 : 0);

function sliceOf(
  rooms: readonly RoomSummary[],
  limit: number,
  from: DirectoryPlace | undefined,
): [begin: number, end: number] {
  if (from === undefined) return [0, Math.min(limit, rooms.length)];
  const isBehind = (room: RoomSummary) => compare(room, from) > 0;
  const isThere = (room: RoomSummary) => compare(room, from) >= 0;
  const first = rooms.findIndex(from.direction === 'next' ? isBehind : isThere);
  const at = first < 0 ? rooms.length : first;
  return from.direction === 'next'
    ? [at, Math.min(at + limit, rooms.length)]
    : [Math.max(0, at - limit), at];
}
