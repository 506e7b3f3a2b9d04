import { randomBytes } from 'node:crypto';
import type { Row } from '../../log/change.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { newEvent } from '../build/new-event.ts';
import { RoomChange } from '../build/room-change.ts';
import type { Building } from '../build/send-event.ts';
import { HotRoom } from '../memory/hot-room.ts';
import type { Draft } from '../rooms.ts';
import { emptyChain } from '../state/state-chain.ts';

export interface Plan {
  readonly rules: RoomVersionRules;
  /** All events of the room, beginning with its creation. */
  readonly drafts: readonly Draft[];
  readonly published: boolean;
}

export interface Built {
  readonly room: HotRoom;
  /** To be finished by the caller. */
  readonly change: RoomChange;
  /** The row of the room itself. */
  readonly row: Row;
}

/**
 * Builds a room's events one upon the other. Nobody else sees the room until the caller puts it into
 * memory, so what is refused here leaves nothing behind.
 */
export function buildRoom(
  { ports, keys, creationTime }: Building,
  { rules, published, ...plan }: Plan,
  position: () => number,
): Built {
  const [createDraft, ...drafts] = plan.drafts;
  const at = { signer: ports.identity, now: creationTime() };
  const create = firstEvent(createDraft!, rules, at);
  const nid = position();
  const room = emptyRoom(create.roomId, nid, rules);
  const change = new RoomChange(room, { keys, rows: ports.store.rows, position });
  const state = stateOf(room, keys);
  change.append(create);
  for (const draft of drafts) {
    const event = inRoom(() => newEvent(room, draft, { ...at, state }));
    change.append(event, { replaced: state.get(draft.type, draft.stateKey ?? '') });
  }
  const row = ports.store.rows.room({
    nid,
    roomId: room.roomId,
    version: rules.version,
    published,
  });
  return { room, change, row };
}

type At = { signer: Building['ports']['identity']; now: number };

/** From version 12 on, the room's id is this event's. */
function firstEvent(draft: Draft, rules: RoomVersionRules, at: At): Event {
  const opaque = randomBytes(18).toString('base64url');
  const roomId = `!${opaque}:${at.signer.serverName}` as RoomId;
  const nothing: AuthState = { get: () => undefined };
  const head = { extremities: [], depth: 0 };
  return inRoom(() => newEvent({ roomId, rules, head }, draft, { ...at, state: nothing }));
}

const emptyRoom = (roomId: RoomId, nid: number, rules: RoomVersionRules): HotRoom =>
  new HotRoom({
    nid,
    roomId,
    rules,
    state: new Map(),
    extremities: [],
    stateNid: emptyChain.nid,
    chain: emptyChain,
    lastPosition: nid,
    isCommitted: false,
  });

/** All of a new room's state is on its way, so it lies among what is pending. */
const stateOf = (room: HotRoom, keys: Building['keys']): AuthState => ({
  get(type, stateKey) {
    const key = keys.find(type, stateKey);
    const nid = key && room.head.stateEventNid(key.keyNid);
    return nid === undefined ? undefined : room.pending.get(nid)?.parsed;
  },
});

/** What the auth rules refuse in a new room is the fault of what was asked for. */
function inRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
    throw new MatrixError(400, 'M_INVALID_ROOM_STATE', error.message, { cause: error });
  }
}
