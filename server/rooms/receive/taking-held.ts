import { setTimeout as sleep } from 'node:timers/promises';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Building } from '../write/building.ts';
import { takeHeld } from './held.ts';
import type { RoomReceiver } from './room-receiver.ts';

/** Rests of the room come besides, and count for none. Behind the one after which nothing more comes sooner. */
const RETRIES_MS = [5_000, 60_000, 5 * 60_000, 30 * 60_000, 60 * 60_000];

/** Takes in what is held of rooms, each until nothing is left, and none while it rests. */
export class TakingHeld {
  readonly #building: Building;
  readonly #receiver: Pick<RoomReceiver, 'receive'>;
  readonly #atWork = new Set<RoomId>();
  /** Something was held since its turn began. */
  readonly #again = new Set<RoomId>();
  readonly #end = new AbortController();

  constructor(building: Building, receiver: Pick<RoomReceiver, 'receive'>) {
    this.#building = building;
    this.#receiver = receiver;
  }

  start(roomId: RoomId): void {
    if (this.#end.signal.aborted) return;
    if (this.#atWork.has(roomId)) {
      this.#again.add(roomId);
      return;
    }
    this.#atWork.add(roomId);
    void this.#untilNone(roomId).finally(() => {
      this.#atWork.delete(roomId);
      if (this.#again.delete(roomId)) this.start(roomId);
    });
  }

  close(): void {
    this.#end.abort();
  }

  async #untilNone(roomId: RoomId): Promise<void> {
    const tries = new Map<EventId, number>();
    for (let tried = 0; ; ) {
      await this.#wait(this.#building.resolver.restMs(roomId));
      if (this.#end.signal.aborted || (await this.#isDone(roomId, tries))) return;
      if (this.#building.resolver.restMs(roomId) > 0) continue;
      await this.#wait(RETRIES_MS[Math.min(tried++, RETRIES_MS.length - 1)]!);
    }
  }

  async #isDone(roomId: RoomId, tries: Map<EventId, number>): Promise<boolean> {
    try {
      return await takeHeld(this.#building, this.#receiver, roomId, tries);
    } catch (error) {
      if (this.#end.signal.aborted) return true;
      const told = new Error(`What is held of ${roomId} could not be taken in`, { cause: error });
      this.#building.ports.onError?.(told);
      return false;
    }
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0)
      await sleep(ms, undefined, { ref: false, signal: this.#end.signal }).catch(() => {});
  }
}
