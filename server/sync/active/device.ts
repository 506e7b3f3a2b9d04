import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { Remembered } from './remembered.ts';

/** A client may be told of a member twice, but not never: when memory grows, all is forgotten. */
const MEMBERS_KEPT_MAX = 20_000;

export interface KeyCounts {
  readonly oneTime: Readonly<Record<string, number>>;
  readonly unusedFallback: readonly string[];
}

/** What is in memory for a device that syncs. */
export class Device {
  /** To-device messages may lie there that were shown to it, and wait for being deleted. */
  mailShown = true;
  /** Counts of its one-time and fallback keys, until they change. */
  readonly keyCounts = new Remembered<KeyCounts>();

  /** Of each room, the members that a client with lazy loading was sent, and up to where that answer went. */
  readonly #members = new Map<RoomId, Map<UserId, number>>();
  #membersKept = 0;
  #newestAnswer = 0;

  /**
   * A client that asks from before an answer has lost it, with the members in it. It may not need
   * them in the answer that it gets instead, so they must not count as sent afterwards.
   */
  resumesFrom(since: number): void {
    if (since >= this.#newestAnswer) return;
    for (const members of this.#members.values())
      for (const [userId, upTo] of members)
        if (upTo > since) this.#membersKept -= members.delete(userId) ? 1 : 0;
    this.#newestAnswer = since;
  }

  knowsMember(roomId: RoomId, userId: UserId): boolean {
    return this.#members.get(roomId)?.has(userId) ?? false;
  }

  membersSent(roomId: RoomId, userIds: Iterable<UserId>, upTo: number): void {
    if (this.#membersKept > MEMBERS_KEPT_MAX) this.forgetMembers();
    const members = this.#members.get(roomId) ?? new Map<UserId, number>();
    this.#members.set(roomId, members);
    for (const userId of userIds) {
      if (members.has(userId)) continue;
      members.set(userId, upTo);
      this.#membersKept++;
    }
    this.#newestAnswer = Math.max(this.#newestAnswer, upTo);
  }

  /** At an initial sync the client knows nobody, and after joining again nobody in that room. */
  forgetMembers(roomId?: RoomId): void {
    if (roomId !== undefined) {
      this.#membersKept -= this.#members.get(roomId)?.size ?? 0;
      this.#members.delete(roomId);
    } else {
      this.#members.clear();
      this.#membersKept = 0;
    }
  }
}
