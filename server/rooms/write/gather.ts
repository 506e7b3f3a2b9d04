import { type AuthEventKey, authEventKeys } from '../../protocol/auth-events.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { StateEvent } from '../../protocol/event.ts';
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { stateEventOf } from '../memory/state-event.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import { chainOf } from '../state/state-chain.ts';
import type { RoomStore } from '../store.ts';
import { RoomChangedMeanwhile } from './moved-meanwhile.ts';

export interface Sources {
  readonly store: Pick<RoomStore, 'eventsByNid' | 'stateWithBases' | 'stateKeysByName'>;
  readonly keys: StateKeys;
}

const ROUNDS_MAX = 10;

/**
 * Brings into memory what building this draft reads, so that the build itself runs in one go: the
 * events that the auth rules look at, the one that it replaces, and how the state is stored. Answers
 * the state at the room's head, whatever has been built on it by the time of the look-up.
 */
export async function gather(room: HotRoom, draft: Draft, sources: Sources): Promise<AuthState> {
  const loaded = new Map<number, StateEvent>();
  const state = { get: (type: string, key: string) => look(room, sources.keys, type, key, loaded) };
  const keys = neededKeys(room, draft);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const missing = missingNids(room, sources.keys, keys, loaded);
    const needsKey = draft.stateKey !== undefined && !sources.keys.isLearnt(named(draft));
    const needsChain = draft.stateKey !== undefined && room.head.chain === undefined;
    if (missing.length === 0 && !needsKey && !needsChain) return state;
    await Promise.all([
      missing.length > 0 && load(room, missing, sources, loaded),
      needsKey && sources.keys.learn([named(draft)]),
      needsChain && loadChain(room, sources),
    ]);
    if (room.isDropped) throw new RoomChangedMeanwhile();
  }
  throw new RoomChangedMeanwhile();
}

/** What stands there at the room's head, whatever is on its way. */
export async function stateEventAt(
  room: HotRoom,
  key: AuthEventKey,
  sources: Pick<Sources, 'keys'> & { readonly store: Pick<RoomStore, 'eventsByNid'> },
): Promise<StateEvent | undefined> {
  const nid = headNid(room, sources.keys, key);
  if (nid === undefined) return undefined;
  const loaded = new Map<number, StateEvent>();
  if (inMemory(room, nid, loaded) === undefined) await load(room, [nid], sources, loaded);
  return inMemory(room, nid, loaded);
}

/** Also the create event of rooms that do not list it among the auth events. */
function neededKeys(room: HotRoom, draft: Draft): AuthEventKey[] {
  const keys = authEventKeys({ ...draft, stateKey: draft.stateKey }, room.rules);
  const replaced = draft.stateKey === undefined ? [] : [[draft.type, draft.stateKey] as const];
  return [['m.room.create', ''], ...keys, ...replaced];
}

const named = (draft: Draft) => ({ type: draft.type, stateKey: draft.stateKey ?? '' });

const headNid = (room: HotRoom, keys: StateKeys, [type, stateKey]: AuthEventKey) => {
  const key = keys.find(type, stateKey);
  return key && room.head.stateEventNid(key.keyNid);
};

const inMemory = (room: HotRoom, nid: number, loaded: ReadonlyMap<number, StateEvent>) =>
  room.pending.get(nid)?.parsed ?? room.parsed.get(nid) ?? loaded.get(nid);

function missingNids(
  room: HotRoom,
  stateKeys: StateKeys,
  keys: readonly AuthEventKey[],
  loaded: ReadonlyMap<number, StateEvent>,
): number[] {
  const nids = keys.flatMap((key) => headNid(room, stateKeys, key) ?? []);
  return [...new Set(nids)].filter((nid) => inMemory(room, nid, loaded) === undefined);
}

function look(
  room: HotRoom,
  keys: StateKeys,
  type: string,
  stateKey: string,
  loaded: ReadonlyMap<number, StateEvent>,
): StateEvent | undefined {
  const nid = headNid(room, keys, [type, stateKey]);
  if (nid === undefined) return undefined;
  const event = inMemory(room, nid, loaded);
  if (!event) throw new RoomChangedMeanwhile();
  return event;
}

async function load(
  room: HotRoom,
  nids: readonly number[],
  { store }: { readonly store: Pick<RoomStore, 'eventsByNid'> },
  loaded: Map<number, StateEvent>,
): Promise<void> {
  for (const stored of await store.eventsByNid(nids)) {
    // Read before its redaction was committed: it is read again.
    if (stored.redactionId === null && room.redactedLately(stored.nid)) continue;
    const event = stateEventOf(parsedEventOf(stored, room.rules), room);
    loaded.set(stored.nid, event);
    room.parsed.set(stored.nid, event);
  }
}

/** How the state at the head is stored. */
export async function loadChain(
  room: HotRoom,
  { store }: { readonly store: Pick<RoomStore, 'stateWithBases'> },
): Promise<void> {
  const chain = chainOf(await store.stateWithBases(room.head.stateNid));
  // Whoever came first may have built on it already.
  if (room.head.chain === undefined) room.head.chain = chain;
}
