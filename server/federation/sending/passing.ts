import type { Log } from '../../log/log.ts';
import type { LogRecord } from '../../log/records.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Database } from '../../storage/database.ts';
import { type NumberedRoom, roomNidsOf } from '../../storage/federation/joined-rooms.ts';
import { publicReceipt } from '../../storage/receipts.ts';
import { Newest } from './newest.ts';
import type { RoomServers } from './room-servers.ts';

export interface PassingPorts {
  readonly own: ServerName;
  readonly log: Pick<Log, 'committed'>;
  readonly database: Database;
  readonly roomServers: RoomServers;
  readonly pass: (server: ServerName, key: string, text: string) => void;
  readonly onError: (error: unknown) => void;
}

type ReceiptRecord = Extract<LogRecord, { kind: 'receipt' }>;

/** What is worth telling while it is new: who types, who has read how far, and who is there. Of each the newest is enough. */
export class Passing {
  readonly #ports: PassingPorts;
  /** One behind the other: that somebody ceased to type must not overtake that they began. */
  readonly #inRooms: Newest;
  /** Apart, since each goes to all rooms of its user: when all come back behind a takeover, who types does not wait for that. */
  readonly #presences: Newest;

  constructor(ports: PassingPorts) {
    this.#ports = ports;
    this.#inRooms = new Newest(ports.onError);
    this.#presences = new Newest(ports.onError);
  }

  typing(room_id: RoomId, user_id: UserId, typing: boolean): void {
    if (!this.#concernsOthers(room_id, user_id)) return;
    const edu = { edu_type: 'm.typing', content: { room_id, user_id, typing } };
    const key = `typing ${room_id} ${user_id}`;
    this.#inRooms.put(key, () => this.#tell([room_id], key, edu));
  }

  /** To each server once, whatever rooms it shares with the user. */
  presence(user_id: UserId, presence: JsonObject, roomIds: ReadonlySet<RoomId>): void {
    const isShared = [...roomIds].some((roomId) => this.#concernsOthers(roomId, user_id));
    if (!isShared) return;
    const edu = { edu_type: 'm.presence', content: { push: [{ ...presence, user_id }] } };
    const key = `presence ${user_id}`;
    this.#presences.put(key, () => this.#tell([...roomIds], key, edu));
  }

  /** A private one is nobody else's business. */
  receipt({ roomId, userId, receiptType, threadId }: ReceiptRecord): void {
    if (receiptType !== 'm.read' || !this.#concernsOthers(roomId, userId)) return;
    const key = `receipt ${roomId} ${userId} ${threadId}`;
    this.#inRooms.put(key, () => this.#tellReceipt(key, { roomId, userId, threadId }));
  }

  #concernsOthers(roomId: RoomId, userId: UserId): boolean {
    const { own, roomServers } = this.#ports;
    return serverNameOf(userId) === own && !roomServers.isOwn(roomId);
  }

  async #tellReceipt(key: string, of: ReceiptKey): Promise<void> {
    const { roomId, userId, threadId } = of;
    const receipt = await publicReceipt(this.#ports.database, { ...of, threadId: threadId ?? '' });
    if (receipt === undefined) return;
    const data = { ts: receipt.ts, ...(threadId !== null && { thread_id: threadId }) };
    const read = { [userId]: { data, event_ids: [receipt.eventId] } };
    const edu = { edu_type: 'm.receipt', content: { [roomId]: { 'm.read': read } } };
    await this.#tell([roomId], key, edu);
  }

  async #tell(roomIds: readonly RoomId[], key: string, edu: JsonObject): Promise<void> {
    const text = canonicalJson(edu);
    const servers = new Set<ServerName>();
    for (const room of await this.#shared(roomIds))
      for (const server of await this.#serversIn(room)) servers.add(server);
    for (const server of servers) this.#ports.pass(server, key, text);
  }

  /** Asked again: while it waited most may have been found to be nobody else's. */
  async #shared(roomIds: readonly RoomId[]): Promise<readonly NumberedRoom[]> {
    const { database, roomServers } = this.#ports;
    const shared = roomIds.filter((roomId) => !roomServers.isOwn(roomId));
    return shared.length === 0 ? [] : await roomNidsOf(database, shared);
  }

  #serversIn(room: NumberedRoom): Promise<readonly ServerName[]> {
    const { log, roomServers } = this.#ports;
    return roomServers.at({ ...room, position: log.committed.position });
  }
}

type ReceiptKey = Pick<ReceiptRecord, 'roomId' | 'userId' | 'threadId'>;
