import type { Event } from '../../protocol/event.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import {
  type NumberedState,
  type Resolved,
  resolveNumbered,
  UNSTORED_EVENT,
} from '../state/resolve-numbered.ts';
import { readStates } from '../state/state-before.ts';
import type { KeyChange } from '../state/state-chain.ts';
import { storedAlike } from '../state/stored-alike.ts';
import type { Building } from '../write/building.ts';
import { loadChain } from '../write/gather.ts';
import type { CurrentChange, CurrentMove } from '../write/placing.ts';
import { stateSources } from './state-sources.ts';
import type { StateThere } from './state-there.ts';

/**
 * How an event that takes its place among the room's ends changes the current state: that is what the states after all
 * ends resolve to. Nothing else may be on its way to the room.
 */
export async function headBehind(
  building: Building,
  room: HotRoom,
  {
    event,
    storedNid = UNSTORED_EVENT,
  }: { readonly event: Event; readonly storedNid?: number | undefined },
  there: StateThere,
): Promise<CurrentMove> {
  const numbers = new KeyNumbers(building.keys);
  const own = await stateAfter(numbers, { event, nid: storedNid }, there.resolved);
  const ends = await otherEnds(building, room, event, there);
  if (ends === 'as before') return { changes: [], stored: undefined };
  const sources = stateSources(building);
  const unstored = {
    event: storedNid === UNSTORED_EVENT ? event : undefined,
    keys: numbers.unstored,
  };
  const resolve = async () => {
    const states = [...(await readStates(ends, sources)), own];
    return resolveNumbered(room, states, sources, unstored);
  };
  const isStored = event.stateKey === undefined && there.upon.changes.length === 0;
  const resolved = await (isStored
    ? building.resolutions.of([...ends, there.upon.chain.nid], resolve)
    : resolve());
  const current = await numbers.numbered(resolved);
  const differing = differencesOf(room, current);
  const changes = await changesOf(building, room, differing, { event, numbers });
  return { changes, stored: await storedBefore(building, room, differing) };
}

/** Not with the event, nor with a key that has no number yet. */
async function storedBefore({ ports }: Building, room: HotRoom, changes: readonly KeyChange[]) {
  if (changes.length === 0 || changes.some(({ keyNid, to }) => keyNid < 0 || to === UNSTORED_EVENT))
    return undefined;
  if (room.head.chain === undefined) await loadChain(room, ports);
  return storedAlike(ports.store, room.nid, room.head.chain!, changes);
}

/** Numbers for keys that have none yet, below 0. */
class KeyNumbers {
  readonly #keys: Building['keys'];
  readonly unstored = new Map<number, { type: string; stateKey: string }>();

  constructor(keys: Building['keys']) {
    this.#keys = keys;
  }

  async numbered({ agreed, decided }: Resolved): Promise<Map<number, number>> {
    await this.#keys.learn(decided);
    const state = new Map(agreed);
    for (const { type, stateKey, nid } of decided) state.set(this.of(type, stateKey), nid);
    return state;
  }

  of(type: string, stateKey: string): number {
    const known = this.#keys.find(type, stateKey)?.keyNid;
    if (known !== undefined) return known;
    for (const [keyNid, name] of this.unstored)
      if (name.type === type && name.stateKey === stateKey) return keyNid;
    const keyNid = -1 - this.unstored.size;
    this.unstored.set(keyNid, { type, stateKey });
    return keyNid;
  }

  nameOf(keyNid: number): { type: string; stateKey: string } {
    return this.unstored.get(keyNid) ?? this.#keys.byNid(keyNid);
  }

  learn(keyNids: readonly number[]): Promise<void> {
    return this.#keys.learnNids(keyNids.filter((keyNid) => keyNid > 0));
  }
}

/** An outlier may stand in other states already: there and here by its own number, or it would be in conflict with itself. */
async function stateAfter(
  numbers: KeyNumbers,
  { event, nid }: { event: Event; nid: number },
  before: Resolved,
) {
  const state = await numbers.numbered(before);
  if (event.stateKey !== undefined) state.set(numbers.of(event.type, event.stateKey), nid);
  return state;
}

/** The states after the ends that stay beside the event; or that all states are those that there were already. */
async function otherEnds(
  { ports }: Building,
  { head }: HotRoom,
  event: Event,
  { upon }: StateThere,
): Promise<readonly number[] | 'as before'> {
  const stored = await ports.store.eventsByNid(head.extremities.map(({ nid }) => nid));
  const before = new Set(stored.map((each) => each.stateAfter ?? 0));
  const staying = stored.filter(({ eventId }) => !event.prevEvents.includes(eventId));
  const ends = new Set(staying.map((each) => each.stateAfter ?? 0));
  if (event.stateKey !== undefined || upon.changes.length > 0) return [...ends];
  const after = new Set([...ends, upon.chain.nid]);
  return before.symmetricDifference(after).size === 0 ? 'as before' : [...ends];
}

const differencesOf = ({ state }: HotRoom, current: NumberedState): KeyChange[] =>
  [...new Set([...state.keys(), ...current.keys()])]
    .map((keyNid) => ({ keyNid, from: state.get(keyNid), to: current.get(keyNid) }))
    .filter(({ from, to }) => from !== to);

async function changesOf(
  { ports, keys }: Building,
  room: HotRoom,
  differing: readonly KeyChange[],
  { event, numbers }: { event: Event; numbers: KeyNumbers },
): Promise<readonly CurrentChange[]> {
  await numbers.learn(differing.map(({ keyNid }) => keyNid));
  const named = differing.map((each) => ({ ...each, ...numbers.nameOf(each.keyNid) }));
  const members = named.filter(({ type }) => type === 'm.room.member');
  const nids = members.flatMap(({ to }) => to ?? []);
  const stored = await ports.store.eventsByNid(nids.filter((nid) => nid !== UNSTORED_EVENT));
  const contents = new Map(stored.map((each) => [each.nid, JSON.parse(each.json).content]));
  contents.set(UNSTORED_EVENT, event.content);
  await keys.learn(named);
  return named.map(({ keyNid, type, stateKey, to: nid }) => {
    const content = nid === undefined ? undefined : contents.get(nid);
    return {
      ...{ type, stateKey, to: nid === UNSTORED_EVENT ? ('placed' as const) : nid },
      membership: membershipOf(content?.membership),
      membershipBefore: room.members.get(keyNid),
    };
  });
}
