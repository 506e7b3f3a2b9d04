import type { PlacedRecord } from '../log/change.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { deviceListsChangedNear, sharingRooms } from '../storage/shared-rooms.ts';
import type { ActiveUser } from './active/active-user.ts';
import type { ActiveUsers } from './active/active-users.ts';
import type { MemberChanges } from './engine/member-changes.ts';
import type { Span } from './span.ts';

const KEPT_MAX = 4_096;

export interface DeviceListsPorts {
  readonly database: Database;
  readonly rooms: Pick<Rooms, 'roomsOf'>;
  readonly active: ActiveUsers;
  /** What was committed when this memory began. */
  readonly position: number;
  readonly onError: (error: unknown) => void;
}

export interface DeviceListChanges {
  readonly changed: readonly UserId[];
  readonly left: readonly UserId[];
}

interface RecentChange {
  readonly position: number;
  /** Whose keys are to be asked for again. */
  readonly userId: UserId;
  /** Who signed them, and is the only one to be told. */
  readonly onlyFor: UserId | undefined;
}

/** Whose keys a client has to ask for again, and whose it may forget. */
export class DeviceLists {
  readonly #ports: DeviceListsPorts;
  /** In order of position: all behind the floor. */
  #recent: RecentChange[] = [];
  #floor: number;

  constructor(ports: DeviceListsPorts) {
    this.#ports = ports;
    this.#floor = ports.position;
  }

  committed(records: readonly PlacedRecord[]): void {
    for (const { position, record } of records) {
      if (record.kind === 'key-signature')
        this.#recent.push({ position, userId: record.targetId, onlyFor: record.userId });
      if (record.kind !== 'device-list') continue;
      this.#recent.push({ position, userId: record.userId, onlyFor: undefined });
      this.#spread(record.userId, position).catch(this.#ports.onError);
    }
    if (this.#recent.length <= KEPT_MAX) return;
    this.#floor = this.#recent.splice(0, KEPT_MAX / 2).at(-1)!.position;
  }

  /** `members`: who came to and went from the rooms that the user is in or has left. */
  async changes(userId: UserId, span: Span, members: MemberChanges): Promise<DeviceListChanges> {
    const changed = new Set(await this.#keysChanged(userId, span));
    for (const joined of members.joined) changed.add(joined);
    const gone = [...new Set(members.gone)].filter((each) => each !== userId);
    if (gone.length === 0) return { changed: [...changed], left: [] };
    const stillThere = await sharingRooms(this.#ports.database, userId, gone);
    const left = gone.filter((each) => !stillThere.has(each));
    for (const each of left) changed.delete(each);
    return { changed: [...changed], left };
  }

  /** Whether memory knows of no change behind a position, and would know of one. */
  hasNoneBehind(position: number): boolean {
    return position >= this.#floor && (this.#recent.at(-1)?.position ?? 0) <= position;
  }

  async #keysChanged(userId: UserId, span: Span): Promise<UserId[]> {
    if (span.after < this.#floor) return deviceListsChangedNear(this.#ports.database, userId, span);
    const [candidates, signed] = [new Set<UserId>(), new Set<UserId>()];
    for (let at = this.#recent.length - 1; at >= 0; at--) {
      const { position, userId: other, onlyFor } = this.#recent[at]!;
      if (position <= span.after) break;
      if (position > span.upTo) continue;
      if (onlyFor === undefined) candidates.add(other);
      else if (onlyFor === userId) signed.add(other);
    }
    const near: UserId[] = [];
    for (const other of candidates) if (await this.#isNear(userId, other)) near.push(other);
    return [...new Set([...near, ...signed])];
  }

  async #isNear(userId: UserId, other: UserId): Promise<boolean> {
    if (userId === other) return true;
    const [mine, theirs] = await Promise.all([this.#joined(userId), this.#joined(other)]);
    return !mine.isDisjointFrom(theirs);
  }

  async #joined(userId: UserId): Promise<Set<RoomId>> {
    const rooms = await this.#ports.rooms.roomsOf(userId);
    const joined = [...rooms.values()].filter((room) => room.membership === 'join');
    return new Set(joined.map((room) => room.roomId));
  }

  /**
   * Wakes those who share a room. Which rooms that are may have to be read first, and meanwhile their
   * tokens may pass the record: what they are told goes by `changes`, and this only ends a wait.
   */
  async #spread(userId: UserId, position: number): Promise<void> {
    const told = new Set<ActiveUser>();
    for (const roomId of await this.#joined(userId))
      for (const user of this.#ports.active.inRoom(roomId)) told.add(user);
    for (const user of told) user.noteElsewhere(position);
  }
}
