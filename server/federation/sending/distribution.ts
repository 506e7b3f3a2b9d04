import type { PlacedRecord } from '../../log/change.ts';
import type { LatelyRange } from '../../log/lately.ts';
import type { Log } from '../../log/log.ts';
import { Rounds } from '../../log/rounds.ts';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import {
  type OutgoingEvent,
  type OutgoingPdu,
  outgoingEvents,
} from '../../storage/federation/outgoing-events.ts';
import { hiddenOf, type NoLongerTold } from './catch-up.ts';
import type { DeviceChanges } from './device-changes.ts';
import type { LatelySaid, SaidEvent } from './lately-said.ts';
import type { Passing } from './passing.ts';
import { type Pdu, pduOf } from './pdu.ts';
import type { RoomServers } from './room-servers.ts';

export interface DistributionPorts {
  readonly own: ServerName;
  readonly log: Pick<Log, 'committed' | 'onCommitted'>;
  readonly database: Database;
  readonly roomServers: RoomServers;
  readonly noLongerTold: NoLongerTold;
  /** From where the log stands now. */
  readonly latelySaid: Pick<LatelySaid, 'note' | 'in'>;
  /** At once for all, without a wait between. */
  readonly give: (servers: readonly ServerName[], pdu: Pdu) => void;
  readonly deviceChanges: Pick<DeviceChanges, 'committed' | 'position' | 'close'>;
  /** Something lies in the database for the server. */
  readonly posted: (server: ServerName) => void;
  readonly passing: Pick<Passing, 'receipt'>;
  readonly moved: () => void;
  readonly onError: (error: unknown) => void;
}

const EVENTS_AT_ONCE = 100;
const PAUSE_MS = 1_000;
/** Each transaction costs as much as some messages do: who talks on and on is given out so often, and of what comes meanwhile all goes together. */
const GATHERS_MS = 20;

/**
 * Gives each event of ours, once it is committed, to those servers that are to get it, in order. It looks only where
 * something was said in a room in which others are, or may be, and reads only what is not in memory.
 */
export class Distribution {
  readonly #ports: DistributionPorts;
  readonly #rounds: Rounds;
  #position: number;
  /** Up to here a writer before said it, perhaps long ago. */
  readonly #saidBefore: number;
  /** Up to here the log was heard. */
  #heard: number;
  /** The first that is to be looked at. */
  #first: number | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** What is behind the position was not given to anybody, or by a writer before. */
  constructor(ports: DistributionPorts, position: number) {
    this.#ports = ports;
    this.#position = position;
    this.#saidBefore = ports.log.committed.position;
    this.#heard = this.#saidBefore;
    this.#first = position + 1;
    this.#rounds = new Rounds({
      isThere: () => !this.#isClosed && !this.#pause && this.#isBehind,
      round: () => this.#round(),
    });
    ports.log.onCommitted((records) => this.#committed(records));
    this.#rounds.wake();
  }

  /** All events up to here are given. */
  get position(): number {
    return this.#position;
  }

  /** And that devices changed up to here is posted: so far the cursor may pass. */
  get settled(): number {
    return Math.min(this.#position, this.#ports.deviceChanges.position);
  }

  get #isBehind(): boolean {
    return this.#position < this.#heard;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    await Promise.all([this.#rounds.asleep(), this.#ports.deviceChanges.close()]);
  }

  #committed(records: readonly PlacedRecord[]): void {
    for (const each of records) {
      this.#heard = Math.max(this.#heard, each.position);
      this.#note(each);
    }
    this.#ports.deviceChanges.committed(records);
    this.#rounds.wake();
  }

  #note(placed: PlacedRecord): void {
    const { own, roomServers, latelySaid, passing, posted } = this.#ports;
    const { position, record } = placed;
    const isLookedAt = record.kind === 'event' && !roomServers.isOwn(record.roomId);
    if (isLookedAt) this.#first ??= position;
    latelySaid.note(placed, isLookedAt);
    if (record.kind === 'state' && record.type === 'm.room.member') this.#memberMoved(placed);
    if (record.kind === 'room-entered') roomServers.allMoved(record.roomId, position);
    if (record.kind === 'room-deleted') roomServers.forget(record.roomId);
    if (record.kind === 'to-device' && serverNameOf(record.userId) !== own)
      posted(serverNameOf(record.userId));
    if (record.kind === 'receipt') passing.receipt(record);
  }

  /** Looked at also where nobody else is: an invite that ends is told to whom it was for. */
  #memberMoved({ record, position }: PlacedRecord): void {
    const { own, roomServers } = this.#ports;
    if (record.kind !== 'state') return;
    const userId = record.stateKey as UserId;
    roomServers.moved(record.roomId, userId, position);
    if (serverNameOf(userId) !== own && record.eventNid !== null)
      this.#first = Math.min(this.#first ?? record.eventNid, record.eventNid);
  }

  async #round(): Promise<void> {
    const upTo = this.#heard;
    const after = Math.max(this.#position, (this.#first ?? upTo + 1) - 1);
    this.#first = undefined;
    try {
      await this.#giveOut({ after, upTo });
      if (after < upTo && this.#position === upTo) this.#pauseFor(GATHERS_MS);
    } catch (error) {
      this.#first = Math.min(this.#first ?? upTo, this.#position + 1);
      this.#ports.onError(error);
      this.#pauseFor(PAUSE_MS);
    }
    this.#ports.moved();
  }

  async #giveOut({ after, upTo }: { after: number; upTo: number }): Promise<void> {
    if (after >= upTo) {
      this.#position = upTo;
      return;
    }
    const events = await this.#look({ after, upTo, limit: EVENTS_AT_ONCE });
    for (const event of events) {
      const servers = await this.#ports.roomServers.of(event);
      if (servers.length > 0) this.#ports.give(servers, 'pdu' in event ? event.pdu : pduOf(event));
      this.#position = event.position;
    }
    if (events.length < EVENTS_AT_ONCE) this.#position = upTo;
    else this.#first = this.#position + 1;
  }

  async #look(range: LatelyRange): Promise<readonly (SaidEvent | ReadEvent)[]> {
    return this.#ports.latelySaid.in(range) ?? (await this.#read(range));
  }

  async #read(range: LatelyRange): Promise<readonly ReadEvent[]> {
    const { own: server, database, noLongerTold } = this.#ports;
    const events = await outgoingEvents(database, { server, ...range });
    // Whoever said it may have been erased since, or its time be over.
    const old = events.filter(({ position }) => position <= this.#saidBefore);
    const hidden = await hiddenOf(noLongerTold, old);
    return events.map((event) => ({
      ...event,
      isRedacted: event.isRedacted || hidden.has(event.position),
    }));
  }

  #pauseFor(ms: number): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#rounds.wake();
    }, ms);
    this.#pause.unref();
  }
}

type ReadEvent = OutgoingEvent & OutgoingPdu;
