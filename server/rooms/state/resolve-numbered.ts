import { type Event, stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { type SeparatedStates, separate } from '../../protocol/state-resolution/conflict.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { EventText } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';
import type { Resolving } from './resolving/resolver.ts';

/** A state by its numbers: which event stands at which key. */
export type NumberedState = ReadonlyMap<number, number>;

export interface StateSources {
  readonly store: Pick<
    RoomStore,
    'eventsById' | 'eventIds' | 'eventIdsBeneath' | 'statesWithBases'
  >;
  readonly keys: StateKeys;
  readonly resolver: Pick<Resolving, 'decide'>;
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
  readonly event: Event | undefined;
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
  const named = await naming([unconflicted, ...conflicted], sources, unstored);
  const conflict = { unconflicted: named(unconflicted), conflicted: conflicted.map(named) };
  const nidOf = new Map<EventId, number>();
  let asked = 0;
  const tell = async (ids: readonly EventId[]) => {
    asked += 1;
    const beneath = await idsBeneath(room, ids, { store: sources.store, asked });
    const wanted = new Set([...ids, ...beneath.filter((id) => !nidOf.has(id))]);
    const known = await eventTexts(room, [...wanted], sources, unstored?.event);
    for (const { eventId, nid } of known) nidOf.set(eventId, nid);
    return known;
  };
  const resolution = await sources.resolver.decide(room, conflict, tell);
  await tell([...resolution.values()].filter((id) => !nidOf.has(id)));
  return [...resolution].map(([key, id]) => ({ nid: nidOf.get(id)!, ...namesIn(key) }));
}

/** Mostly all is found in fewer. */
const SINGLE_STEPS = 4;
const STEPS_MAX = 256;

/**
 * What is asked for next, of whoever asks on and on: who takes another name is authorized by the event before, so chains may be as long as
 * there were names, and each step of them would be a question.
 */
async function idsBeneath(
  { nid, rules }: InRoom,
  eventIds: readonly EventId[],
  { store, asked }: { store: StateSources['store']; asked: number },
): Promise<readonly EventId[]> {
  if (asked <= SINGLE_STEPS || rules.eventIdForm === 'given') return [];
  const steps = Math.min(2 ** (asked - SINGLE_STEPS), STEPS_MAX);
  const found = await store.eventIdsBeneath(nid, { eventIds, steps });
  return found.map(({ eventId }) => eventId);
}

/** As they are stored; of what is being taken in as it came. */
async function eventTexts(
  room: InRoom,
  ids: readonly EventId[],
  { store }: StateSources,
  placed: Event | undefined,
): Promise<(EventText & { readonly nid: number })[]> {
  const stored = (ids.length > 0 ? await store.eventsById(ids) : []).filter(
    (each) => each.roomNid === room.nid && each.eventId !== placed?.eventId,
  );
  const texts = stored.map(({ nid, eventId, json, rejected, redactionId }) => ({
    ...{ nid, eventId, json, rejected, redactionId },
  }));
  if (!placed || !ids.includes(placed.eventId)) return texts;
  const { eventId, rejected, pdu } = placed;
  const json = JSON.stringify(pdu);
  return [...texts, { nid: UNSTORED_EVENT, eventId, rejected, json, redactionId: null }];
}

/** Of a large room they are read in pieces: so many rows at once take their time to be parsed. */
const NAMED_AT_ONCE = 5_000;

/** From numbers to the names that the rules go by. */
async function naming(
  states: readonly NumberedState[],
  { store, keys }: StateSources,
  unstored: Unstored | undefined,
) {
  const entries = states.flatMap((state) => [...state]);
  const nids = [...new Set(entries.map(([, nid]) => nid))];
  const idOf = new Map<number, EventId>();
  for (let at = 0; at < nids.length; at += NAMED_AT_ONCE)
    for (const { nid, eventId } of await store.eventIds(nids.slice(at, at + NAMED_AT_ONCE)))
      idOf.set(nid, eventId);
  const keyNids = [...new Set(entries.map(([keyNid]) => keyNid))].filter((nid) => nid > 0);
  await keys.learnNids(keyNids);
  const keyOf = new Map(keyNids.map((keyNid) => [keyNid, nameOf(keys.byNid(keyNid))]));
  if (unstored?.event) idOf.set(UNSTORED_EVENT, unstored.event.eventId);
  for (const [keyNid, name] of unstored?.keys ?? []) keyOf.set(keyNid, nameOf(name));
  return (state: NumberedState): Map<string, EventId> =>
    new Map([...state].map(([keyNid, nid]) => [keyOf.get(keyNid)!, idOf.get(nid)!]));
}

function namesIn(key: string): StateKeyName {
  const [type, stateKey] = key.split('\0') as [string, string];
  return { type, stateKey };
}

const nameOf = ({ type, stateKey }: StateKeyName) => stateKeyOf(type, stateKey);
