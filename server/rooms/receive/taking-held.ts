import { setTimeout as sleep } from 'node:timers/promises';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Building } from '../write/building.ts';
import { againMs, HeldTries } from './held-tries.ts';
import type { Refused, RoomReceiver } from './room-receiver.ts';
import { takeHeld } from './take-held.ts';

/** Between two turns of a room, however much of it is held anew. */
const BETWEEN_MS = 5_000;

export interface Waits {
  nowMs(): number;
  /** Ends early when that is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** One room's. */
class Turns {
  readonly tries: HeldTries;
  /** Something was held, or may be judged, since its turn began. */
  isAgain = true;
  #sleep = new AbortController();

  constructor(nowMs: () => number) {
    this.tries = new HeldTries(nowMs);
  }

  again(): void {
    this.isAgain = true;
    this.#sleep.abort();
  }

  /** Aborted when there is something again. */
  asleep(): AbortSignal {
    this.#sleep = new AbortController();
    if (this.isAgain) this.#sleep.abort();
    return this.#sleep.signal;
  }
}

/** Takes in what is held of rooms, each until nothing is left, and none while it rests. */
export class TakingHeld {
  readonly #building: Building;
  readonly #receiver: Pick<RoomReceiver, 'receive'>;
  readonly #waits: Waits;
  readonly #atWork = new Map<RoomId, Turns>();
  readonly #end = new AbortController();

  constructor(
    building: Building,
    receiver: Pick<RoomReceiver, 'receive'>,
    waits: Waits = { nowMs: () => performance.now(), wait: waitFor },
  ) {
    this.#building = building;
    this.#receiver = receiver;
    this.#waits = waits;
  }

  /** Here, and it cannot be judged whatever others tell. */
  isStuck(roomId: RoomId, eventId: EventId): boolean {
    return this.#atWork.get(roomId)?.tries.isStuck(eventId) ?? false;
  }

  start(roomId: RoomId): void {
    if (this.#end.signal.aborted) return;
    const before = this.#atWork.get(roomId);
    const turns = before ?? new Turns(this.#waits.nowMs);
    turns.again();
    if (before) return;
    this.#atWork.set(roomId, turns);
    void this.#untilNone(roomId, turns);
  }

  /** These were held, as that server brought them. */
  startWith(roomId: RoomId, server: ServerName, refused: readonly Refused[]): void {
    this.start(roomId);
    const tries = this.#atWork.get(roomId)?.tries;
    for (const { eventId, unresolved, missing = [] } of refused)
      if (unresolved === 'too much') tries?.aside({ eventId: eventId!, server });
      else tries?.waits(eventId!, missing);
  }

  close(): void {
    this.#end.abort();
  }

  async #untilNone(roomId: RoomId, turns: Turns): Promise<void> {
    for (let broken = 0; ; ) {
      await this.#wait(this.#building.resolver.restMs(roomId));
      if (this.#end.signal.aborted) break;
      if (turns.isAgain) broken = 0;
      turns.isAgain = false;
      const became = await this.#turn(roomId, turns.tries);
      if (became === 'done' && !turns.isAgain) break;
      if (this.#building.resolver.restMs(roomId) > 0) continue;
      // A turn that ended in the middle waits as a try does.
      const pauseMs = became === 'broken' ? againMs(broken++) : (turns.tries.restMs ?? 0);
      await this.#wait(BETWEEN_MS);
      await this.#wait(pauseMs - BETWEEN_MS, turns.asleep());
    }
    this.#atWork.delete(roomId);
  }

  async #turn(roomId: RoomId, tries: HeldTries): Promise<'done' | 'left' | 'broken'> {
    try {
      const taking = { building: this.#building, receiver: this.#receiver, tries };
      return (await takeHeld(taking, roomId)) ? 'done' : 'left';
    } catch (error) {
      if (this.#end.signal.aborted) return 'done';
      const told = new Error(`What is held of ${roomId} could not be taken in`, { cause: error });
      this.#building.ports.onError?.(told);
      return 'broken';
    }
  }

  async #wait(ms: number, ...others: AbortSignal[]): Promise<void> {
    if (ms > 0) await this.#waits.wait(ms, AbortSignal.any([this.#end.signal, ...others]));
  }
}

const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { ref: false, signal }).catch(() => {});
