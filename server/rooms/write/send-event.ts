import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Draft, Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { StoredRelation } from '../store.ts';
import { changeRoom } from './attempt.ts';
import type { Building } from './building.ts';
import { gather } from './gather.ts';
import { RoomChangedMeanwhile } from './moved-meanwhile.ts';
import { newEvent } from './new-event.ts';
import { mustBeWeighed, refuseHeavyState } from './refuse-heavy-state.ts';
import { RoomChange, toolsOf } from './room-change.ts';

/** What a kind of event needs besides: found on the room as it is when the event is built. */
export interface Preparation {
  /**
   * Throws where the wish is refused for a reason that the auth rules do not know. Answers the event
   * by which the room already is as wished: no other is made then.
   */
  check?(state: AuthState): EventId | undefined;
  /** The event that the new one redacts, as it will be seen. */
  redacted?(event: Event): RoomEvent | undefined;
  /** How that one relates to another. */
  readonly unrelated?: StoredRelation | undefined;
}

/**
 * Prepares, then builds on the room's head and commits in one go, in the order in which the wishes came. What prepares waits
 * for nobody who waits for an event of this room; it may be a while ago when the event is built.
 */
export function sendEvent(
  building: Building,
  roomId: RoomId,
  origin: Origin<EventId>,
  prepare: (room: HotRoom) => Promise<{ draft: Draft } & Preparation>,
): Promise<EventId> {
  const sources = { store: building.ports.store, keys: building.keys };
  return changeRoom(building.rooms, roomId, (room) =>
    room.building.run({
      read: async () => {
        const { draft, ...preparation } = await prepare(room);
        await weighState(building, room, draft);
        return { draft, preparation, state: await gather(room, draft, sources) };
      },
      renew: async (found) => ({ ...found, state: await gather(room, found.draft, sources) }),
      act: async ({ draft, preparation, state }) => {
        if (room.isDropped) throw new RoomChangedMeanwhile();
        const already = preparation.check?.(state);
        if (already !== undefined) return onceSettled(room, already);
        return build(building, room, { draft, state, origin, preparation });
      },
    }),
  );
}

/** Where the room has so much state that its weight matters. */
async function weighState({ ports }: Building, room: HotRoom, draft: Draft): Promise<void> {
  const { store, stateBytesMax } = ports;
  if (mustBeWeighed(room, draft, stateBytesMax))
    await room.stateWeight.read(() => store.stateBytes(room.nid));
}

/** From here to the log there is no wait: whoever comes next builds upon this event. */
async function build(
  { ports, keys }: Building,
  room: HotRoom,
  wish: { draft: Draft; state: AuthState; origin: Origin<EventId>; preparation: Preparation },
): Promise<EventId> {
  const { draft, state, origin, preparation } = wish;
  const event = newEvent(room, draft, { state, signer: ports.identity, now: ports.now() });
  const replaced = draft.stateKey === undefined ? undefined : state.get(draft.type, draft.stateKey);
  if (replaced && saysTheSame(replaced, event)) return onceSettled(room, replaced.eventId);
  if (draft.stateKey !== undefined)
    refuseHeavyState(room, { event, replaced }, ports.stateBytesMax);
  const redacted = preparation.redacted?.(event);
  let change: RoomChange | undefined;
  const committed = ports.log.commit((position) => {
    change = new RoomChange(room, toolsOf({ ports, keys }, position));
    change.append(event, {
      replaced,
      origin: sentBy(origin),
      redacted,
      unrelated: preparation.unrelated,
    });
    const outcome = origin.outcome?.(event.eventId);
    const rows = origin.rows?.(event.eventId) ?? [];
    return { change: change.finish({ outcome, rows }), value: event.eventId };
  });
  room.settled = committed.catch(() => {}).finally(() => change?.letGo());
  return committed;
}

/** The event may be on its way itself, and nobody is told of it before it is committed. */
async function onceSettled(room: HotRoom, eventId: EventId): Promise<EventId> {
  await room.settled;
  if (room.isDropped) throw new RoomChangedMeanwhile();
  return eventId;
}

/** Setting state to what it is makes no event, as with other servers; clients do it all the time. */
const saysTheSame = (replaced: StateEvent, event: Event): boolean =>
  replaced.sender === event.sender &&
  canonicalJson(replaced.content, 'as-found') === canonicalJson(event.content, 'as-found');

function sentBy({ deviceId, txnId, delayId }: Origin<EventId>): RoomEvent['origin'] {
  if (delayId !== undefined) return { delayId };
  return deviceId === undefined || txnId === undefined ? undefined : { deviceId, txnId };
}
