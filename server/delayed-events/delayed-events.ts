import { randomBytes } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import { Turns } from '../log/turns.ts';
import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError, notFound } from '../protocol/matrix-error.ts';
import type { Draft } from '../rooms/draft.ts';
import {
  allScheduledEvents,
  delayedEvent,
  delayedEventRow,
  finalisedEventRow,
  type StoredDelayedEvent,
  scheduledEventsOf,
} from '../storage/rooms/delayed-events.ts';
import type { Row } from '../storage/write.ts';
import { isCertainlyNotDone, refusalFor } from './failures.ts';
import { refuseDelay, SCHEDULED_MAX } from './refuse-delay.ts';
import { Schedule, type Timers } from './schedule.ts';
import { type SendPorts, sendOnce } from './send-once.ts';
import { shownDelayedEvent } from './shown-delayed-event.ts';

export interface DelayedEventPorts
  extends SendPorts,
    Pick<Stored, 'database' | 'log' | 'locks' | 'now'> {
  readonly timers: Timers;
  readonly isRoom: (roomId: RoomId) => Promise<boolean>;
  /** Draws on what the user may send; the milliseconds to wait, 0 for none. */
  readonly takeSend: (userId: UserId) => Promise<number>;
  /** Of what nobody waits for. */
  readonly onError: (error: unknown) => void;
}

export interface DelayWish {
  readonly roomId: RoomId;
  readonly draft: Draft;
  readonly delayMs: number;
}

const AGAIN_MS = 1_000;
/** Behind a takeover all with the same delay are due in the same moment, and clients' reads wait behind theirs. */
const DUE_AT_ONCE_MAX = 16;

/**
 * Events that are sent later, unless somebody says otherwise (MSC4140). A delay and what becomes of it
 * are committed, and it is sent in the commit that says so: once, whatever fails. Restarts are in
 * memory alone; so the next writer lets each begin anew.
 */
export class DelayedEvents {
  readonly #ports: DelayedEventPorts;
  readonly #schedule: Schedule;
  readonly #turns = new Turns(DUE_AT_ONCE_MAX);

  constructor(ports: DelayedEventPorts) {
    this.#ports = ports;
    this.#schedule = new Schedule(ports.timers, (delayId) => void this.#whenDue(delayId));
  }

  /** Behind a takeover, before anybody is answered. */
  async begin(): Promise<void> {
    const { database, now } = this.#ports;
    for (const delay of await allScheduledEvents(database)) this.#schedule.start(delay, now());
  }

  close(): void {
    this.#schedule.close();
  }

  /** The lock is held until the delay is committed: it may be due before. */
  async schedule({ roomId, draft, delayMs }: DelayWish, once: Once): Promise<JsonObject> {
    refuseDelay(draft, delayMs);
    if (!(await this.#ports.isRoom(roomId))) throw notFound('This server does not know the room');
    const { sender: userId, type, stateKey = null } = draft;
    this.#refuseTooMany(userId);
    const delayId = randomBytes(24).toString('base64url');
    const body = { delay_id: delayId };
    const sinceMs = this.#ports.now();
    this.#schedule.start({ delayId, userId, delayMs }, sinceMs);
    const content = JSON.stringify(draft.content);
    const row = { delayId, userId, roomId, type, stateKey, content, delayMs, sinceMs };
    await this.#alone(delayId, () =>
      this.#commit([delayedEventRow(row)], () => once.outcome(200, body)),
    ).catch((error) => {
      if (isCertainlyNotDone(error)) this.#schedule.drop(delayId);
      throw error;
    });
    return body;
  }

  restart(delayId: string): Promise<void> {
    return this.#alone(delayId, async () => {
      const known = this.#schedule.isInDoubt(delayId) ? undefined : this.#schedule.get(delayId);
      const delay = known ?? (await this.#scheduled(delayId));
      this.#schedule.start(delay, this.#ports.now());
    });
  }

  /** Also where it could not be sent: it will not be. */
  cancel(delayId: string): Promise<void> {
    return this.#alone(delayId, async () => {
      const delayed = await this.#found(delayId);
      if (delayed.eventId !== null) throw conflict('The delayed event was sent');
      if (delayed.finalisedMs === null) await this.#finalise(delayed, {});
    });
  }

  /** It stays scheduled where it cannot be sent. */
  send(delayId: string): Promise<void> {
    return this.#alone(delayId, async () => {
      const delayed = await this.#found(delayId);
      if (delayed.eventId !== null) return;
      if (delayed.finalisedMs !== null) throw conflict('The delayed event was cancelled');
      await this.#send(delayed);
    });
  }

  async get(delayId: string, userId: UserId): Promise<JsonObject> {
    const delayed = await delayedEvent(this.#ports.database, delayId);
    if (delayed?.userId !== userId) throw unknownDelay();
    return shownDelayedEvent(this.#asOfNow(delayed));
  }

  /** Those that are scheduled, in the order in which they are due. */
  async listOf(userId: UserId): Promise<JsonObject[]> {
    const all = await scheduledEventsOf(this.#ports.database, userId);
    return all
      .map((delayed) => this.#asOfNow(delayed))
      .sort((one, other) => one.sinceMs + one.delayMs - other.sinceMs - other.delayMs)
      .map(shownDelayedEvent);
  }

  async #whenDue(delayId: string): Promise<void> {
    const { onError } = this.#ports;
    const sending = () => this.#alone(delayId, () => this.#sendDue(delayId));
    await this.#turns.run(sending).catch((error) => {
      this.#schedule.postpone(delayId, AGAIN_MS);
      onError(error);
    });
  }

  async #sendDue(delayId: string): Promise<void> {
    if (!this.#schedule.isDue(delayId)) return;
    const delayed = await delayedEvent(this.#ports.database, delayId);
    if (delayed === undefined || delayed.finalisedMs !== null) return this.#schedule.drop(delayId);
    const waitMs = await this.#ports.takeSend(delayed.userId);
    if (waitMs > 0) return this.#schedule.postpone(delayId, waitMs);
    try {
      await this.#send(delayed);
    } catch (error) {
      const refusal = refusalFor(error);
      if (refusal === undefined) throw error;
      await this.#finalise(delayed, { error: JSON.stringify(refusal) });
    }
  }

  async #send(delayed: StoredDelayedEvent): Promise<void> {
    const finalised = (eventId: EventId) => this.#finalisedRow(delayed, { eventId });
    const alone = (eventId: EventId) => this.#commit([finalised(eventId)]);
    await sendOnce(this.#ports, delayed, { finalised, alone });
    this.#schedule.drop(delayed.delayId);
  }

  async #finalise(delayed: StoredDelayedEvent, how: { error?: string }): Promise<void> {
    await this.#commit([this.#finalisedRow(delayed, how)]);
    this.#schedule.drop(delayed.delayId);
  }

  #finalisedRow(
    { delayId, sinceMs }: StoredDelayedEvent,
    { eventId = null, error = null }: { eventId?: EventId | null; error?: string | null },
  ): Row {
    const finalisedMs = this.#ports.now();
    const began = this.#schedule.get(delayId)?.sinceMs ?? sinceMs;
    return finalisedEventRow({ delayId, sinceMs: began, finalisedMs, eventId, error });
  }

  #commit(rows: readonly Row[], outcome: () => ReturnType<Once['outcome']> = () => undefined) {
    return commitRows(this.#ports.log, rows, outcome());
  }

  async #found(delayId: string): Promise<StoredDelayedEvent> {
    const delayed = await delayedEvent(this.#ports.database, delayId);
    if (delayed === undefined) throw unknownDelay();
    return delayed;
  }

  async #scheduled(delayId: string): Promise<StoredDelayedEvent> {
    const delayed = await this.#found(delayId);
    if (delayed.finalisedMs !== null) throw conflict('The delayed event was sent or cancelled');
    return delayed;
  }

  #refuseTooMany(userId: UserId): void {
    if (this.#schedule.of(userId).length < SCHEDULED_MAX) return;
    const seconds = Math.ceil(this.#schedule.nextOf(userId) / 1_000);
    throw new MatrixError(429, 'M_LIMIT_EXCEEDED', `${SCHEDULED_MAX} delayed events are enough`, {
      fields: { retry_after_ms: seconds * 1_000 },
      headers: { 'retry-after': String(seconds) },
    });
  }

  #asOfNow(delayed: StoredDelayedEvent): StoredDelayedEvent {
    const sinceMs = this.#schedule.get(delayed.delayId)?.sinceMs ?? delayed.sinceMs;
    return delayed.finalisedMs === null ? { ...delayed, sinceMs } : delayed;
  }

  #alone(delayId: string, work: () => Promise<void>): Promise<void> {
    return this.#ports.locks.run(`delayed-event:${delayId}`, async () => {
      try {
        await work();
      } catch (error) {
        if (!isCertainlyNotDone(error)) this.#schedule.doubt(delayId);
        throw error;
      }
    });
  }
}

const unknownDelay = () => notFound('There is no such delayed event');

const conflict = (what: string) => new MatrixError(409, 'M_UNKNOWN', what);
