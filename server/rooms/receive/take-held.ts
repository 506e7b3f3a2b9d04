import { commitRows } from '../../log/commit-rows.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
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

type Held = Awaited<ReturnType<RoomStore['heldPdus']>>[number];

/**
 * Takes in what was held and is due, in the order in which it came; those whose states were too much behind all others, each by
 * itself. What still cannot be judged is held on, so often as its own tries allow: its server was told that it is here. False
 * where something is left.
 */
export async function takeHeld(taking: TakesHeld, roomId: RoomId): Promise<boolean> {
  const { building, tries } = taking;
  const { store } = building.ports;
  const seen = new Map<EventId, number>();
  for (let after = 0; ; ) {
    const room = await building.rooms.get(roomId);
    const held = await store.heldPdus(roomId, { after, limit: TAKEN_AT_ONCE });
    if (!room || held.length === 0) break;
    const some = ofOneServer(held);
    after = some.at(-1)!.nid;
    for (const { eventId, nid } of some) seen.set(eventId, nid);
    await takeSome(
      taking,
      room,
      some.filter(({ eventId }) => tries.isDue(eventId) && !tries.isAlone(eventId)),
    );
  }
  tries.keep(seen);
  await takeAlone(taking, roomId, seen);
  return (await store.heldPdus(roomId, { after: 0, limit: 1 })).length === 0;
}

/** Those of which one was enough to let the room rest: that which was tried least first, and the others another time. */
async function takeAlone(
  taking: TakesHeld,
  roomId: RoomId,
  seen: ReadonlyMap<EventId, number>,
): Promise<void> {
  const { building, tries } = taking;
  const alone = [...seen].filter(([id]) => tries.isAlone(id) && tries.isDue(id));
  for (const [, nid] of alone.toSorted(([a], [b]) => tries.times(a) - tries.times(b))) {
    if (building.resolver.restMs(roomId) > 0) return;
    const room = await building.rooms.get(roomId);
    const one = await building.ports.store.heldPdus(roomId, { after: nid - 1, limit: 1 });
    if (room && one[0]?.nid === nid) await takeSome(taking, room, one);
  }
}

function ofOneServer(held: readonly Held[]): readonly Held[] {
  const until = held.findIndex(({ server }) => server !== held[0]!.server);
  return until === -1 ? held : held.slice(0, until);
}

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
  const isOver = ({ eventId }: Held): boolean => {
    const result = results.get(eventId);
    const isTooMuch = unresolvedOf(result) === 'too much';
    const isTried = isTooMuch || (rested && unresolvedOf(result) === undefined);
    tries.waits(eventId, missingOf(result));
    if (!isTried || !tries.isFree(eventId)) return false;
    return tries.failed(eventId, { isTooMuch, restMs: building.resolver.restMs(room.roomId) });
  };
  // Those first behind which others wait.
  const isTooMuch = ({ eventId }: Held) =>
    Number(unresolvedOf(results.get(eventId)) === 'too much');
  const inTurn = left.toSorted((one, other) => isTooMuch(other) - isTooMuch(one));
  await forget(taking, room, idsOf(inTurn.filter(isOver)));
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
    // There is too much to do just now, or the room is no longer whole.
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

const stillPartial = (roomId: RoomId) =>
  new MatrixError(429, 'M_LIMIT_EXCEEDED', `The members of ${roomId} are not here yet`);
