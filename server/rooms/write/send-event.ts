import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { PolicyServer } from '../../protocol/policy-servers.ts';
import { committedWith, type Draft, eventOriginOf, type Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { policyServerFor, type Unseen } from '../policy/policy-servers.ts';
import { takeOwn } from '../receive/take-own.ts';
import { changeRoom } from './attempt.ts';
import type { Building } from './building.ts';
import { gather } from './gather.ts';
import { RoomChangedMeanwhile } from './moved-meanwhile.ts';
import { newEvent } from './new-event.ts';
import type { Preparation } from './preparation.ts';
import { mustBeWeighed, refuseHeavyState } from './refuse-heavy-state.ts';
import { RoomChange, toolsOf } from './room-change.ts';

/**
 * Prepares, then builds on the room's head and commits in one go, in the order in which the wishes came. What prepares waits
 * for nobody who waits for an event of this room; it may be a while ago when the event is built. Where the room has a policy
 * server that sees the event first.
 */
export async function sendEvent(
  building: Building,
  roomId: RoomId,
  origin: Origin<EventId>,
  prepare: (room: HotRoom) => Promise<{ draft: Draft } & Preparation>,
): Promise<EventId> {
  const sources = { store: building.ports.store, keys: building.keys };
  const sent = await changeRoom(building.rooms, roomId, (room) =>
    room.building.run({
      read: async () => {
        const { draft, ...preparation } = await prepare(room);
        await weighState(building, room, draft);
        const policy = await policyServerFor(building, room, draft);
        return { draft, preparation, policy, state: await gather(room, draft, sources) };
      },
      renew: async (found) => ({ ...found, state: await gather(room, found.draft, sources) }),
      act: async ({ draft, preparation, policy, state }): Promise<EventId | Unseen> => {
        if (room.isDropped) throw new RoomChangedMeanwhile();
        const already = preparation.check?.(state);
        if (already !== undefined) return onceSettled(room, already);
        return build(building, room, { draft, state, origin, preparation, policy });
      },
    }),
  );
  if (typeof sent === 'string') return sent;
  const signed = await building.policyServers.signed(building, sent, { by: 'own' });
  return takeOwn(building, signed, origin);
}

/** Where the room has so much state that its weight matters. */
async function weighState({ ports }: Building, room: HotRoom, draft: Draft): Promise<void> {
  const { store, stateBytesMax } = ports;
  if (mustBeWeighed(room, draft, stateBytesMax))
    await room.stateWeight.read(() => store.stateBytes(room.nid));
}

interface Wish {
  readonly draft: Draft;
  readonly state: AuthState;
  readonly origin: Origin<EventId>;
  readonly preparation: Preparation;
  readonly policy: PolicyServer | undefined;
}

/** From here to the log there is no wait: whoever comes next builds upon this event. */
async function build(
  { ports, keys }: Building,
  room: HotRoom,
  wish: Wish,
): Promise<EventId | Unseen> {
  const { draft, state, origin, preparation, policy } = wish;
  const event = newEvent(room, draft, { state, signer: ports.identity, now: ports.now() });
  const replaced = draft.stateKey === undefined ? undefined : state.get(draft.type, draft.stateKey);
  if (replaced && saysTheSame(replaced, event)) return onceSettled(room, replaced.eventId);
  if (draft.stateKey !== undefined)
    refuseHeavyState(room, { event, replaced }, ports.stateBytesMax);
  if (policy) {
    await onceSettled(room, event.eventId);
    return { event, rules: room.rules, policy };
  }
  const redacted = preparation.redacted?.(event);
  let change: RoomChange | undefined;
  const committed = ports.log.commit((position) => {
    change = new RoomChange(room, toolsOf({ ports, keys }, position));
    change.append(event, {
      replaced,
      origin: eventOriginOf(origin),
      redacted,
      unrelated: preparation.unrelated,
    });
    const { eventId } = event;
    return { change: change.finish(committedWith(origin, eventId)), value: eventId };
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
