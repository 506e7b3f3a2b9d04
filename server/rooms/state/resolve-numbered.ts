import { type Event, stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { runAsking } from '../../protocol/state-resolution/answering.ts';
import { type SeparatedStates, separate } from '../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../protocol/state-resolution/resolve.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';

/** A state by its numbers: which event stands at which key. */
export type NumberedState = ReadonlyMap<number, number>;

export interface StateSources {
  readonly store: Pick<RoomStore, 'eventsById' | 'eventIds' | 'statesWithBases'>;
  readonly keys: StateKeys;
}

export interface InRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
}

export interface NamedStateEvent {
  readonly nid: number;
  readonly type: string;
  readonly stateKey: string;
}

export interface Resolved {
  /** What all branches agree on: all of it where there is but one. */
  readonly agreed: NumberedState;
  /** What stands where they differ. A key of it may have no number yet. */
  readonly decided: readonly NamedStateEvent[];
}

/** What is not stored yet has numbers below 0: the event by which states are looked at, and new keys. */
export interface Unstored {
  readonly event: Event;
  readonly keys: ReadonlyMap<number, StateKeyName>;
}

export const UNSTORED_EVENT = -1;

type StateKeyName = Pick<NamedStateEvent, 'type' | 'stateKey'>;

/** The resolution of states. */
export async function resolveNumbered(
  room: InRoom,
  states: readonly NumberedState[],
  sources: StateSources,
  unstored?: Unstored,
): Promise<Resolved> {
  const separated = separate(states, room.rules);
  const decided = separated.conflicted.every(({ size }) => size === 0)
    ? []
    : await decide(room, separated, sources, unstored);
  return { agreed: separated.unconflicted, decided };
}

async function decide(
  room: InRoom,
  { unconflicted, conflicted }: SeparatedStates<number, number>,
  sources: StateSources,
  unstored: Unstored | undefined,
): Promise<NamedStateEvent[]> {
  const placed = unstored?.event;
  const named = await naming([unconflicted, ...conflicted], sources, unstored);
  const conflict = { unconflicted: named(unconflicted), conflicted: conflicted.map(named) };
  const known = new Map<EventId, NamedStateEvent>();
  const remember = (event: Event, nid: number) => {
    const { type, stateKey = '' } = event;
    known.set(event.eventId, { nid, type, stateKey });
    return event;
  };
  const load = async (ids: readonly EventId[]) => {
    const own = placed && ids.includes(placed.eventId) ? [remember(placed, UNSTORED_EVENT)] : [];
    const stored = (await sources.store.eventsById(ids)).filter(
      (each) => each.roomNid === room.nid && each.eventId !== placed?.eventId,
    );
    return [...own, ...stored.map((each) => remember(parsedEventOf(each, room.rules), each.nid))];
  };
  const resolution = await runAsking(resolveConflict(conflict, room), async (question) =>
    question.kind === 'events' ? { events: await load(question.ids) } : {},
  );
  const ids = [...resolution.values()];
  await load(ids.filter((id) => !known.has(id)));
  return ids.map((id) => known.get(id)!);
}

/** From numbers to the names that the rules go by. */
async function naming(
  states: readonly NumberedState[],
  { store, keys }: StateSources,
  unstored: Unstored | undefined,
) {
  const entries = states.flatMap((state) => [...state]);
  const stored = await store.eventIds([...new Set(entries.map(([, nid]) => nid))]);
  const idOf = new Map(stored.map(({ nid, eventId }) => [nid, eventId]));
  const keyNids = [...new Set(entries.map(([keyNid]) => keyNid))].filter((nid) => nid > 0);
  await keys.learnNids(keyNids);
  const keyOf = new Map(keyNids.map((keyNid) => [keyNid, nameOf(keys.byNid(keyNid))]));
  if (unstored) idOf.set(UNSTORED_EVENT, unstored.event.eventId);
  for (const [keyNid, name] of unstored?.keys ?? []) keyOf.set(keyNid, nameOf(name));
  return (state: NumberedState): Map<string, EventId> =>
    new Map([...state].map(([keyNid, nid]) => [keyOf.get(keyNid)!, idOf.get(nid)!]));
}

const nameOf = ({ type, stateKey }: StateKeyName) => stateKeyOf(type, stateKey);
