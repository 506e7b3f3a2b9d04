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
import { roomNidOf } from '../../storage/federation/joined-rooms.ts';
import { publicReceipt } from '../../storage/receipts.ts';
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
  #last: Promise<void> = Promise.resolve();

  constructor(ports: PassingPorts) {
    this.#ports = ports;
  }

  typing(room_id: RoomId, user_id: UserId, typing: boolean): void {
    if (!this.#concernsOthers(room_id, user_id)) return;
    const edu = { edu_type: 'm.typing', content: { room_id, user_id, typing } };
    this.#soon(() => this.#tell([room_id], `typing ${room_id} ${user_id}`, edu));
  }

  /** To each server once, whatever rooms it shares with the user. */
  presence(user_id: UserId, presence: JsonObject, roomIds: ReadonlySet<RoomId>): void {
    const shared = [...roomIds].filter((roomId) => this.#concernsOthers(roomId, user_id));
    if (shared.length === 0) return;
    const edu = { edu_type: 'm.presence', content: { push: [{ ...presence, user_id }] } };
    this.#soon(() => this.#tell(shared, `presence ${user_id}`, edu));
  }

  /** A private one is nobody else's business. */
  receipt({ roomId, userId, receiptType, threadId }: ReceiptRecord): void {
    if (receiptType !== 'm.read' || !this.#concernsOthers(roomId, userId)) return;
    this.#soon(() => this.#tellReceipt(roomId, userId, threadId));
  }

  #concernsOthers(roomId: RoomId, userId: UserId): boolean {
    const { own, roomServers } = this.#ports;
    return serverNameOf(userId) === own && !roomServers.isOwn(roomId);
  }

  #soon(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch(this.#ports.onError);
  }

  async #tellReceipt(roomId: RoomId, userId: UserId, threadId: string | null): Promise<void> {
    const key = { roomId, userId, threadId: threadId ?? '' };
    const receipt = await publicReceipt(this.#ports.database, key);
    if (receipt === undefined) return;
    const data = { ts: receipt.ts, ...(threadId !== null && { thread_id: threadId }) };
    const read = { [userId]: { data, event_ids: [receipt.eventId] } };
    const edu = { edu_type: 'm.receipt', content: { [roomId]: { 'm.read': read } } };
    await this.#tell([roomId], `receipt ${roomId} ${userId} ${threadId}`, edu);
  }

  async #tell(roomIds: readonly RoomId[], key: string, edu: JsonObject): Promise<void> {
    const text = canonicalJson(edu);
    const servers = new Set<ServerName>();
    for (const roomId of roomIds)
      for (const server of await this.#serversIn(roomId)) servers.add(server);
    for (const server of servers) this.#ports.pass(server, key, text);
  }

  async #serversIn(roomId: RoomId): Promise<readonly ServerName[]> {
    const { database, log, roomServers } = this.#ports;
    const roomNid = await roomNidOf(database, roomId);
    if (roomNid === undefined) return [];
    return roomServers.at({ roomId, roomNid, position: log.committed.position });
  }
}
