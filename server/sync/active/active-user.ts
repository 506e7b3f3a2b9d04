import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { Device } from './device.ts';
import { Noted } from './noted.ts';
import { UserSettings } from './user-settings.ts';

/** Older changes than these are looked up. A client that syncs all the time needs the last few. */
const CHANGES_KEPT_MAX = 1_024;

/** A request that waits. It goes on in a turn of its own: it may not begin to wait again while it is woken. */
export interface Waiter {
  wake(): void;
}

/**
 * What is in memory for a user who has synced lately: the changes that concern them, so that an
 * answer looks at what changed and not at every room, and those of their requests that wait.
 */
export class ActiveUser {
  readonly userId: UserId;
  /** Rooms whose changes are written down here. May hold too many for a while, never too few. */
  readonly rooms = new Set<RoomId>();
  /** Rooms in which typing changed. */
  readonly typing = new Noted<RoomId>();
  readonly settings: UserSettings;
  readonly #devices = new Map<string, Device>();
  readonly #waiters = new Set<Waiter>();
  #changes: PlacedRecord[] = [];
  #floor: number;
  #newest: number;
  #newestEphemeral = 0;
  usedAtMs = 0;

  /** `position`: up to here the database has to be asked what changed. */
  constructor(userId: UserId, position: number) {
    this.userId = userId;
    this.settings = new UserSettings(userId);
    this.#floor = position;
    this.#newest = position;
  }

  get isWaiting(): boolean {
    return this.#waiters.size > 0;
  }

  device(deviceId: string): Device {
    let device = this.#devices.get(deviceId);
    if (device === undefined) {
      device = new Device();
      this.#devices.set(deviceId, device);
    }
    return device;
  }

  /** Wakes nobody: all records of a batch are noted before the first waiter looks at any. */
  note(change: PlacedRecord): void {
    if (change.position === this.#changes.at(-1)?.position) return;
    this.#newest = Math.max(this.#newest, change.position);
    this.#changes.push(change);
    this.#forgetWhatChanged(change.record);
    if (this.#changes.length <= CHANGES_KEPT_MAX) return;
    const dropped = this.#changes.splice(0, CHANGES_KEPT_MAX / 2);
    this.#floor = dropped.at(-1)!.position;
  }

  #forgetWhatChanged(record: PlacedRecord['record']) {
    if (record.kind === 'account-data') this.settings.accountDataChanged(record.type);
    if (record.kind === 'device-keys') this.#devices.get(record.deviceId)?.keyCounts.forget();
  }

  noteEphemeral(counter: number): void {
    this.#newestEphemeral = Math.max(this.#newestEphemeral, counter);
  }

  /** Something that is written down elsewhere: it only ends a wait. */
  noteElsewhere(position: number): void {
    this.#newest = Math.max(this.#newest, position);
    this.wake();
  }

  wake(): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter.wake();
    }
  }

  /** It is woken at the next news, once. */
  atNews(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  noLonger(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** The changes behind this position, in order; undefined where memory does not reach back so far. */
  changesAfter(position: number): readonly PlacedRecord[] | undefined {
    if (position < this.#floor) return undefined;
    const changes = this.#changes;
    let from = changes.length;
    while (from > 0 && changes[from - 1]!.position > position) from--;
    return changes.slice(from);
  }

  hasNewsAfter(position: number, ephemeral: number): boolean {
    return this.#newest > position || this.#newestEphemeral > ephemeral;
  }
}
