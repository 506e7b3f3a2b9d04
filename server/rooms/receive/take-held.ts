import { commitRows } from '../../log/commit-rows.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';
import type { Building } from '../write/building.ts';
import { mayBeJudgedLater } from './held.ts';
import type { HeldTries } from './held-tries.ts';
import type { Received, RoomReceiver } from './room-receiver.ts';

/** As many as a transaction may have. */
const TAKEN_AT_ONCE = 50;

export interface TakesHeld {
  readonly building: Building;
  readonly receiver: Pick<RoomReceiver, 'receive'>;
  readonly tries: HeldTries;
}

/**
 * Takes in what was held and is due, in the order in which it came. What was too much, and what else its domain brought, is behind
 * all others, each by itself: the next of it would let them wait once more. What still cannot be judged is held on, so often as
 * its own tries allow: its server was told that it is here. False where something is left.
 */
export async function takeHeld(taking: TakesHeld, roomId: RoomId): Promise<boolean> {
  const { store } = taking.building.ports;
  const keep = taking.tries.keeping();
  const listed = await store.listHeld(roomId);
  keep(listed);
  const held = listed.map((each) => ({ ...each, domain: domainOfServer(each.server) }));
  await new Turn(taking, roomId).take(held);
  return (await store.listHeld(roomId)).length === 0;
}

interface Listed {
  readonly nid: number;
  readonly eventId: EventId;
  readonly server: ServerName;
  readonly domain: string;
}

class Turn {
  readonly #taking: TakesHeld;
  readonly #roomId: RoomId;
  /** Domains for which there was too much to do: each try takes its time. */
  readonly #off = new Set<string>();
  readonly #taken = new Set<EventId>();

  constructor(taking: TakesHeld, roomId: RoomId) {
    this.#taking = taking;
    this.#roomId = roomId;
  }

  async take(held: readonly Listed[]): Promise<void> {
    const { tries } = this.#taking;
    for (let at = 0; at < held.length; ) {
      const some: Listed[] = [];
      for (; at < held.length && some.length < TAKEN_AT_ONCE; at++) {
        const each = held[at]!;
        if (tries.isSuspect(each.domain) || !this.#mayBeTaken(each)) continue;
        if (some.length > 0 && each.server !== some[0]!.server) break;
        some.push(each);
      }
      await this.#takeSome(some);
    }
    await this.#takeAlone(held.filter(({ domain }) => tries.isSuspect(domain)));
  }

  /**
   * That which was tried least first, of these what is not known to be too much, until one was tried in vain: others may have been
   * asked for long, and what is held by now comes before the next.
   */
  async #takeAlone(held: readonly Listed[]): Promise<void> {
    const { building, tries } = this.#taking;
    const isAlone = ({ eventId }: Listed) => Number(tries.isAlone(eventId));
    const inTurn = held.toSorted(
      (a, b) => tries.times(a.eventId) - tries.times(b.eventId) || isAlone(a) - isAlone(b),
    );
    for (const each of inTurn) {
      if (building.resolver.restMs(this.#roomId) > 0) return;
      const restMs = building.resolver.restMs(this.#roomId, each.server);
      if (restMs > 0 && tries.isAlone(each.eventId)) tries.pause(each.eventId, restMs);
      const times = tries.times(each.eventId);
      if (this.#mayBeTaken(each)) await this.#takeSome([each]);
      if (tries.times(each.eventId) !== times) return;
    }
  }

  #mayBeTaken({ eventId, domain }: Listed): boolean {
    const { tries } = this.#taking;
    return tries.isDue(eventId) && !this.#taken.has(eventId) && !this.#off.has(domain);
  }

  /** All of one server. */
  async #takeSome(listed: readonly Listed[]): Promise<void> {
    if (listed.length === 0) return;
    const { building, tries } = this.#taking;
    const room = await building.rooms.get(this.#roomId);
    if (!room) return;
    for (const { eventId } of listed) this.#taken.add(eventId);
    const nids = listed.map(({ nid }) => nid);
    const some = await building.ports.store.heldPdus(room.nid, nids);
    try {
      await takeSome(this.#taking, room, some);
    } catch (error) {
      if (!isTooMuchToDo(error)) throw error;
      this.#off.add(listed[0]!.domain);
      for (const { eventId } of listed) tries.putOff(eventId);
    }
  }
}

type Held = Awaited<ReturnType<RoomStore['heldPdus']>>[number];

async function takeSome(taking: TakesHeld, room: HotRoom, some: readonly Held[]): Promise<void> {
  if (some.length === 0) return;
  const { building, tries } = taking;
  const rested = building.resolver.restMs(room.roomId) === 0;
  const results = await judged(taking, room, some);
  const isLeft = ({ eventId }: Held) => {
    const result = results.get(eventId);
    return !result || mayBeJudgedLater(result);
  };
  await forget(taking, room, idsOf(some.filter((each) => !isLeft(each))));
  const left = some.filter(isLeft);
  const [{ server }] = some as [Held];
  const why = () => ({ restMs: building.resolver.restMs(room.roomId, server) });
  const isTooMuch = ({ eventId }: Held) => unresolvedOf(results.get(eventId)) === 'too much';
  // Those first behind which others wait.
  const over = left
    .filter(isTooMuch)
    .filter((each) => tries.failed(each, { isTooMuch: true, ...why() }));
  const others = left.filter((each) => !isTooMuch(each));
  findBehind(tries, others, results);
  const isTried = ({ eventId }: Held) =>
    rested && unresolvedOf(results.get(eventId)) === undefined && tries.isFree(eventId);
  const tried = others.filter(isTried);
  over.push(...tried.filter((each) => tries.failed(each, { isTooMuch: false, ...why() })));
  // The room goes on, and they would have a turn in five seconds, again and again.
  for (const { eventId } of others)
    if (unresolvedOf(results.get(eventId))) tries.pause(eventId, why().restMs);
  await forget(taking, room, idsOf(over));
}

/** Until no more of them follow one that is stuck: that may itself stand behind what follows it. */
function findBehind(tries: HeldTries, some: readonly Held[], results: Results): void {
  for (let [before, now] = [-1, 0]; now > before; ) {
    for (const { eventId } of some) tries.waits(eventId, missingOf(results.get(eventId)));
    before = now;
    now = some.filter(({ eventId }) => !tries.isFree(eventId)).length;
  }
}

const idsOf = (held: readonly Held[]) => held.map(({ eventId }) => eventId);

const missingOf = (result: Received | undefined): readonly EventId[] =>
  result?.kind === 'refused' ? (result.missing ?? []) : [];

const unresolvedOf = (result: Received | undefined) =>
  result?.kind === 'refused' ? result.unresolved : undefined;

async function forget(
  { building, tries }: TakesHeld,
  room: HotRoom,
  eventIds: readonly EventId[],
): Promise<void> {
  if (eventIds.length === 0) return;
  const { log, store } = building.ports;
  await commitRows(
    log,
    eventIds.map((eventId) => store.rows.noHeldPdu(room.nid, eventId)),
  );
  for (const eventId of eventIds) tries.forget(eventId);
  building.heldLoads.less();
}

type Results = ReadonlyMap<EventId, Received>;

/** What becomes of them. Where one breaks what is taken together, each is taken by itself, and that one has no result. */
async function judged(taking: TakesHeld, room: HotRoom, some: readonly Held[]): Promise<Results> {
  try {
    return await judgedTogether(taking.receiver, room, some);
  } catch (error) {
    // There is too much to do just now, or the room is no longer as it was.
    if (error instanceof MatrixError) throw error;
    const why = `What was held of ${room.roomId} cannot be taken in, from ${some[0]!.eventId} on`;
    taking.building.ports.onError?.(new Error(why, { cause: error }));
    if (some.length === 1) return new Map();
    const each: Results[] = [];
    for (const one of some) each.push(await judged(taking, room, [one]));
    return new Map(each.flatMap((results) => [...results]));
  }
}

async function judgedTogether(
  receiver: Pick<RoomReceiver, 'receive'>,
  { roomId, rules }: HotRoom,
  some: readonly Held[],
): Promise<Results> {
  const pdus = some.map(({ json }) => pduIn(json, rules));
  const [{ server: origin }] = some as [Held];
  const received = await receiver.receive(roomId, pdus, { origin, isPushed: true });
  if (received.some(({ kind }) => kind === 'held')) throw stillPartial(roomId);
  return new Map(some.map(({ eventId }, index) => [eventId, received[index]!]));
}

class StillPartial extends MatrixError {}

const stillPartial = (roomId: RoomId) =>
  new StillPartial(429, 'M_LIMIT_EXCEEDED', `The members of ${roomId} are not here yet`);

/** For these, and not in the room. */
const isTooMuchToDo = (error: unknown): boolean =>
  error instanceof MatrixError && error.status === 429 && !(error instanceof StillPartial);
