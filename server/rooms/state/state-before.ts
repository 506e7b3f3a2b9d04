import { stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { runAsking } from '../../protocol/state-resolution/answering.ts';
import { type SeparatedStates, separate } from '../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../protocol/state-resolution/resolve.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';
import { StateLayers } from './state-layers.ts';

/** A state by its numbers: which event stands at which key. */
type NumberedState = ReadonlyMap<number, number>;

export interface StateSources {
  readonly store: Pick<RoomStore, 'eventsById' | 'eventIds' | 'statesWithBases'>;
  readonly keys: StateKeys;
}

export interface InRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
}

export type StateBefore =
  | {
      readonly kind: 'known';
      /** What all branches agree on: all of it where there is but one. */
      readonly agreed: NumberedState;
      /** What stands where they differ. A key of it may have no number yet. */
      readonly decided: readonly StateEvent[];
    }
  /** There are no such events in the room, or nobody knows what state they were in. */
  | { readonly kind: 'unknown'; readonly events: readonly EventId[] };

interface StateEvent {
  readonly nid: number;
  readonly type: string;
  readonly stateKey: string;
}

/**
 * The state before an event that names these, wherever in the room that is: the resolution of the
 * states after them. Where they do not differ it costs the reading of one state, else the names of
 * all that the room has.
 */
export async function stateBefore(
  room: InRoom,
  prevEvents: readonly EventId[],
  sources: StateSources,
): Promise<StateBefore> {
  const found = await sources.store.eventsById(prevEvents);
  const after = new Map(
    found.flatMap(({ eventId, roomNid, stateAfter }) =>
      roomNid === room.nid && stateAfter !== null ? [[eventId, stateAfter] as const] : [],
    ),
  );
  const unknown = prevEvents.filter((eventId) => !after.has(eventId));
  if (unknown.length > 0) return { kind: 'unknown', events: unknown };
  const states = await readStates([...new Set(after.values())], sources);
  const separated = separate(states, room.rules);
  const decided = separated.conflicted.every(({ size }) => size === 0)
    ? []
    : await decide(room, separated, sources);
  return { kind: 'known', agreed: separated.unconflicted, decided };
}

async function readStates(
  nids: readonly number[],
  { store }: StateSources,
): Promise<NumberedState[]> {
  const layers = Map.groupBy(await store.statesWithBases(nids), ({ top }) => top);
  return nids.map((nid) =>
    new StateLayers((layers.get(nid) ?? []).map(({ entries }) => entries)).toMap(),
  );
}

async function decide(
  room: InRoom,
  { unconflicted, conflicted }: SeparatedStates<number, number>,
  sources: StateSources,
): Promise<StateEvent[]> {
  const named = await naming([unconflicted, ...conflicted], sources);
  const conflict = { unconflicted: named(unconflicted), conflicted: conflicted.map(named) };
  const known = new Map<EventId, StateEvent>();
  const load = async (ids: readonly EventId[]) => {
    const stored = (await sources.store.eventsById(ids)).filter(
      (each) => each.roomNid === room.nid,
    );
    return stored.map((each) => {
      const event = parsedEventOf(each, room.rules);
      const { type, stateKey = '' } = event;
      known.set(event.eventId, { nid: each.nid, type, stateKey });
      return event;
    });
  };
  const resolution = await runAsking(resolveConflict(conflict, room), async (question) =>
    question.kind === 'events' ? { events: await load(question.ids) } : {},
  );
  const ids = [...resolution.values()];
  await load(ids.filter((id) => !known.has(id)));
  return ids.map((id) => known.get(id)!);
}

/** From numbers to the names that the rules go by. */
async function naming(states: readonly NumberedState[], { store, keys }: StateSources) {
  const entries = states.flatMap((state) => [...state]);
  const stored = await store.eventIds([...new Set(entries.map(([, nid]) => nid))]);
  const idOf = new Map(stored.map(({ nid, eventId }) => [nid, eventId]));
  const keyNids = [...new Set(entries.map(([keyNid]) => keyNid))];
  await keys.learnNids(keyNids);
  const keyOf = new Map(keyNids.map((keyNid) => [keyNid, nameOf(keys.byNid(keyNid))]));
  return (state: NumberedState): Map<string, EventId> =>
    new Map([...state].map(([keyNid, nid]) => [keyOf.get(keyNid)!, idOf.get(nid)!]));
}

const nameOf = ({ type, stateKey }: { type: string; stateKey: string }) =>
  stateKeyOf(type, stateKey);
