import { authEventKeys } from '../../protocol/auth-events.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import { type Event, type StateEvent, stateKeyOf } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import { type NumberedState, type Resolved, resolveNumbered } from '../state/resolve-numbered.ts';
import { readStates, stateBefore } from '../state/state-before.ts';
import { chainOf } from '../state/state-chain.ts';
import { StateLayers } from '../state/state-layers.ts';
import { storedAlike } from '../state/stored-alike.ts';
import type { Building } from '../write/building.ts';
import type { NamedChange, StateUpon } from '../write/placing.ts';
import { givenState } from './given-state.ts';
import { stateSources } from './state-sources.ts';

/** The state before an event that does not stand at the room's head: all that it is built on is committed. */
export interface StateThere {
  readonly resolved: Resolved;
  readonly upon: StateUpon;
  /** What the auth rules look at. */
  readonly state: AuthState;
  /** What stands at the event's own key. */
  readonly replaced: { readonly nid: number; readonly event: StateEvent } | undefined;
  /** It is what a server told, since not all is here that the event follows. */
  readonly isAfterGap: boolean;
}

export async function stateThere(
  building: Building,
  room: HotRoom,
  event: Event,
  given?: readonly EventId[],
): Promise<StateThere | { readonly missing: readonly EventId[] }> {
  const sources = stateSources(building);
  const found = await stateBefore(room, event.prevEvents, sources);
  const before =
    found.kind === 'unknown' && given
      ? await stateAsGiven(building, room, { ...found, of: event }, given)
      : found;
  if (before === undefined) return { missing: event.prevEvents };
  if (before.kind === 'unknown') return { missing: before.events };
  const upon = await storedWhole(building, room, await uponStored(building, before));
  const isAfterGap = found.kind === 'unknown';
  return { resolved: before, upon, isAfterGap, ...(await lookedAt(building, room, event, before)) };
}

/** What a server tells, resolved with the states behind those predecessors that are here: of these we know better. */
async function stateAsGiven(
  building: Building,
  room: HotRoom,
  { events, of }: { readonly events: readonly EventId[]; readonly of: Event },
  given: readonly EventId[],
) {
  const { ports } = building;
  const sources = stateSources(building);
  const told = await givenState(room, given, sources);
  if (told === undefined) return undefined;
  const missing = new Set(events);
  const known = of.prevEvents.filter((id) => !missing.has(id));
  const stored = await ports.store.eventsById(known);
  const stateNids = [...new Set(stored.flatMap(({ stateAfter }) => stateAfter ?? []))];
  const states = [told, ...(await readStates(stateNids, sources))];
  const resolved = await resolveNumbered(room, states, sources);
  return { kind: 'known' as const, stateNids: [...stateNids, room.stateNid], ...resolved };
}

/** The branches may have met before: then there is such a state. A key without a number is in none. */
async function storedWhole(
  { ports, keys }: Building,
  { nid }: HotRoom,
  upon: StateUpon,
): Promise<StateUpon> {
  const numbered = upon.changes.flatMap(({ type, stateKey, from, to }) => {
    const key = keys.find(type, stateKey);
    return key ? [{ keyNid: key.keyNid, from, to }] : [];
  });
  if (numbered.length === 0 || numbered.length < upon.changes.length) return upon;
  const chain = await storedAlike(ports.store, nid, upon.chain, numbered);
  if (!chain) return upon;
  const base = new Map(upon.base);
  for (const { keyNid, to } of numbered)
    if (to === undefined) base.delete(keyNid);
    else base.set(keyNid, to);
  return { chain, base, changes: [] };
}

/** As what differs from one of the states that were resolved. */
async function uponStored(
  { ports, keys }: Building,
  resolved: Resolved & { readonly stateNids: readonly number[] },
): Promise<StateUpon> {
  const [baseNid] = resolved.stateNids;
  const rows = baseNid === undefined ? [] : await ports.store.stateWithBases(baseNid);
  const base = new StateLayers(rows.map(({ entries }) => entries)).toMap();
  const changes = await changesTo(keys, base, resolved);
  return { chain: chainOf(rows), base, changes };
}

async function changesTo(
  keys: Building['keys'],
  base: NumberedState,
  { agreed, decided }: Resolved,
): Promise<NamedChange[]> {
  const keyOf = (type: string, stateKey: string) => keys.find(type, stateKey)?.keyNid;
  await keys.learn(decided);
  const after = new Map(agreed);
  const added: NamedChange[] = [];
  for (const { type, stateKey, nid } of decided) {
    const keyNid = keyOf(type, stateKey);
    if (keyNid !== undefined) after.set(keyNid, nid);
    else added.push({ type, stateKey, from: undefined, to: nid });
  }
  const differing = [...new Set([...base.keys(), ...after.keys()])].filter(
    (keyNid) => base.get(keyNid) !== after.get(keyNid),
  );
  await keys.learnNids(differing);
  const changed = differing.map((keyNid) => {
    const { type, stateKey } = keys.byNid(keyNid);
    return { type, stateKey, from: base.get(keyNid), to: after.get(keyNid) };
  });
  return [...changed, ...added];
}

/** What the auth rules look at for the event, of a state. */
export async function lookedAt(
  { ports, keys }: Building,
  { rules }: HotRoom,
  event: Event,
  { agreed, decided }: Resolved,
): Promise<Pick<StateThere, 'state' | 'replaced'>> {
  const own = event.stateKey === undefined ? [] : [[event.type, event.stateKey] as const];
  const wanted = [['m.room.create', ''] as const, ...authEventKeys(event, rules), ...own];
  await keys.learn(wanted.map(([type, stateKey]) => ({ type, stateKey })));
  const nidAt = ([type, stateKey]: readonly [string, string]) => {
    const keyNid = keys.find(type, stateKey)?.keyNid;
    const named = decided.find((each) => each.type === type && each.stateKey === stateKey);
    return named?.nid ?? (keyNid === undefined ? undefined : agreed.get(keyNid));
  };
  const nids = [...new Set(wanted.flatMap((key) => nidAt(key) ?? []))];
  const stored = await ports.store.eventsByNid(nids);
  const events = new Map(stored.map((each) => [each.nid, parsedEventOf(each, rules)]));
  const byKey = new Map(
    wanted.map((key) => [stateKeyOf(...key), events.get(nidAt(key) ?? 0)] as const),
  );
  const get = (type: string, stateKey: string) => byKey.get(stateKeyOf(type, stateKey));
  const replaced = own[0] && get(...own[0]);
  const nid = own[0] && nidAt(own[0]);
  return {
    state: { get },
    replaced: replaced && nid !== undefined ? { nid, event: replaced } : undefined,
  };
}
