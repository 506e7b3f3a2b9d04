import type { PlacedRecord } from '../../log/change.ts';
import type { Log } from '../../log/log.ts';
import { Rounds } from '../../log/rounds.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import { type RoomId, serverNameOf } from '../../protocol/identifiers.ts';
import { deviceIdsOf } from '../../storage/accounts/devices.ts';
import type { Database } from '../../storage/database.ts';
import { joinedBetween } from '../../storage/federation/joined-rooms.ts';
import {
  deviceListsChangedBetween,
  devicesKey,
  postRow,
  signingKeysKey,
} from '../../storage/federation/outbox.ts';
import type { Row } from '../../storage/write.ts';
import { Hearers, type Joins } from './hearers.ts';
import type { RoomServers } from './room-servers.ts';
import { SigningKeyUpdates } from './signing-key-updates.ts';

export interface DeviceChangesPorts {
  readonly own: ServerName;
  readonly log: Pick<Log, 'commit' | 'committed'>;
  readonly database: Database;
  readonly roomServers: RoomServers;
  readonly admits: (server: ServerName) => boolean;
  readonly posted: (server: ServerName) => void;
  /** The position moved. */
  readonly moved: () => void;
  readonly onError: (error: unknown) => void;
}

const ROWS_MAX = 500;
const PAUSE_MS = 1_000;

/**
 * Tells the servers that share a room with one of our users that the devices of the user changed, and those that did not share one
 * before the user joined. What they are now
 * is not said: who hears of it without knowing what came before asks for all of them (server-server API, "Device
 * Management"), so that of many changes the newest is enough. No event waits for it: a user may be in very many rooms.
 */
export class DeviceChanges {
  readonly #ports: DeviceChangesPorts;
  readonly #changed = new Map<UserId, Changed>();
  readonly #hearers: Hearers;
  readonly #signingKeys: SigningKeyUpdates;
  readonly #rounds: Rounds;
  #position: number;
  /** Up to here the log was heard. */
  #heard: number;
  #isRestored = false;
  #isPosting = false;
  #pause: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** What changed behind the position was not posted, or by a writer before. */
  constructor(ports: DeviceChangesPorts, position: number) {
    this.#ports = ports;
    this.#signingKeys = new SigningKeyUpdates(ports.database);
    this.#position = position;
    this.#heard = ports.log.committed.position;
    this.#hearers = new Hearers(ports);
    this.#rounds = new Rounds({
      isThere: () => !this.#isClosed && !this.#pause && this.#isWaiting,
      round: () => this.#round(),
    });
    this.#rounds.wake();
  }

  /** What changed up to here lies in the database for all whom it concerns. */
  get position(): number {
    return this.#isWaiting || this.#isPosting ? this.#position : this.#heard;
  }

  committed(records: readonly PlacedRecord[]): void {
    for (const { record, position } of records) {
      if (position > this.#heard) this.#position = this.position;
      this.#heard = Math.max(this.#heard, position);
      if (record.kind === 'device-list') this.#noteOwn(record.userId, 'devices');
      if (record.kind === 'state' && record.type === 'm.room.member')
        this.#noteMoved(record.roomId, record.stateKey as UserId, position);
    }
    this.#rounds.wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    await this.#rounds.asleep();
  }

  get #isWaiting(): boolean {
    return !this.#isRestored || this.#changed.size > 0;
  }

  async #round(): Promise<void> {
    this.#isPosting = true;
    try {
      await this.#restore();
      const upTo = this.#heard;
      await this.#post();
      this.#position = upTo;
    } catch (error) {
      this.#ports.onError(error);
      this.#pauseAfterFailure();
    }
    this.#isPosting = false;
    this.#ports.moved();
  }

  /** What no record tells of any more: behind a takeover. */
  async #restore(): Promise<void> {
    if (this.#isRestored) return;
    const { database, own: server } = this.#ports;
    const range = { after: this.#position, upTo: this.#heard };
    const userIds = await deviceListsChangedBetween(database, range);
    for (const userId of userIds) this.#noteOwn(userId, 'devices');
    const joins = await joinedBetween(database, { ...range, server });
    for (const { userId, roomId } of joins) this.#noteMoved(roomId, userId, range.after + 1);
    this.#isRestored = true;
  }

  /** Of whom it failed, it fails again: the others need not wait for that. */
  async #post(): Promise<void> {
    const all = [...this.#changed];
    this.#changed.clear();
    const errors: unknown[] = [];
    for (const [userId, changed] of all)
      await this.#postOf(userId, changed).catch((error: unknown) => {
        this.#noteOwn(userId, changed);
        errors.push(error);
      });
    if (errors.length > 0) throw errors[0];
  }

  #pauseAfterFailure(): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#rounds.wake();
    }, PAUSE_MS);
    this.#pause.unref();
  }

  #noteOwn(userId: UserId, changed: Changed): void {
    if (serverNameOf(userId) !== this.#ports.own) return;
    this.#changed.set(userId, both(this.#changed.get(userId), changed));
  }

  /** Whether they came in by that is looked up where somebody else is there. */
  #noteMoved(roomId: RoomId, userId: UserId, position: number): void {
    if (!this.#ports.roomServers.isOwn(roomId))
      this.#noteOwn(userId, new Map([[roomId, position]]));
  }

  async #postOf(userId: UserId, changed: Changed): Promise<void> {
    const hearers =
      changed === 'devices'
        ? await this.#hearers.ofUser(userId)
        : await this.#hearers.ofJoins(userId, changed);
    const servers = [...hearers].filter(this.#ports.admits);
    if (servers.length === 0) return;
    const [device] = await deviceIdsOf(this.#ports.database, [userId]);
    // Who hears of the user for the first time asks for all of their keys.
    const signingKeys = changed === 'devices' ? await this.#signingKeys.of(userId) : undefined;
    const told = { userId, deviceId: device?.deviceId, signingKeys };
    for (let at = 0; at < servers.length; at += ROWS_MAX)
      await this.#commit(told, servers.slice(at, at + ROWS_MAX));
    if (signingKeys !== undefined) this.#signingKeys.posted(userId, signingKeys);
    for (const server of servers) this.#ports.posted(server);
  }

  #commit({ userId, signingKeys, ...device }: ToTell, servers: readonly ServerName[]) {
    return this.#ports.log.commit((next) => {
      const rows: Row[] = servers.flatMap((server) => {
        const position = next();
        const json = updateText(userId, { ...device, streamId: position });
        const devices = postRow(server, { key: devicesKey(userId), position, json });
        if (signingKeys === undefined) return [devices];
        const keys = { key: signingKeysKey(userId), position: next(), json: signingKeys };
        return [devices, postRow(server, keys)];
      });
      return { change: { rows, records: [], touches: [] }, value: undefined };
    });
  }
}

interface ToTell {
  readonly userId: UserId;
  readonly deviceId: string | undefined;
  /** An EDU. */
  readonly signingKeys: string | undefined;
}

/** What all who share a room with a user are to hear of; or whereby some may hear of the user for the first time. */
type Changed = 'devices' | Joins;

function both(one: Changed | undefined, other: Changed): Changed {
  if (one === undefined) return other;
  if (one === 'devices' || other === 'devices') return 'devices';
  const joins = new Map(one);
  for (const [roomId, position] of other)
    joins.set(roomId, Math.min(position, joins.get(roomId) ?? position));
  return joins;
}

/** Without `prev_id`, for which other servers take it that they have missed something. */
function updateText(
  userId: UserId,
  { deviceId, streamId }: { deviceId: string | undefined; streamId: number },
): string {
  const device =
    deviceId === undefined ? { device_id: '', deleted: true } : { device_id: deviceId };
  const content = { user_id: userId, stream_id: streamId, prev_id: [], ...device };
  return canonicalJson({ edu_type: 'm.device_list_update', content });
}
