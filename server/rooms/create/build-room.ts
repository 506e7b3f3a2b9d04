import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Row } from '../../log/change.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import { type Event, stateKeyOf } from '../../protocol/event.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Draft } from '../draft.ts';
import { HotRoom } from '../memory/hot-room.ts';
import { extremityOf, RoomHead } from '../memory/room-head.ts';
import { emptyChain } from '../state/state-chain.ts';
import type { Building } from '../write/building.ts';
import { newEvent } from '../write/new-event.ts';
import { RoomChange, toolsOf } from '../write/room-change.ts';

export interface Plan {
  readonly rules: RoomVersionRules;
  /** All events of the room, beginning with its creation. */
  readonly drafts: readonly Draft[];
  readonly published: boolean;
}

/** A room whose events are made, and which is nowhere yet. */
export interface MadeRoom {
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
  readonly published: boolean;
  readonly events: readonly Event[];
}

/** Signing takes a tenth of a millisecond an event; in between others have their turn. */
const EVENTS_AT_ONCE = 50;

/** Makes a room's events one upon the other. What is refused here leaves nothing behind. */
export async function makeRoom(
  { ports, creationTime }: Building,
  { rules, published, drafts }: Plan,
): Promise<MadeRoom> {
  const [createDraft, ...others] = drafts;
  const at = { signer: ports.identity, now: creationTime() };
  const events = [firstEvent(createDraft!, rules, at)];
  const { roomId } = events[0]!;
  const state = new Map([[stateKeyOf('m.room.create', ''), events[0]!]]);
  const found: AuthState = { get: (type, stateKey) => state.get(stateKeyOf(type, stateKey)) };
  for (const draft of others) {
    if (events.length % EVENTS_AT_ONCE === 0) await turn();
    const head = new RoomHead(NO_STATE, {
      extremities: [extremityOf(events.at(-1)!, 0, rules)],
      stateNid: emptyChain.nid,
    });
    const event = inRoom(() => newEvent({ roomId, rules, head }, draft, { ...at, state: found }));
    events.push(event);
    state.set(stateKeyOf(draft.type, draft.stateKey ?? ''), event);
  }
  return { roomId, rules, published, events };
}

export interface Built {
  readonly room: HotRoom;
  /** To be finished by the caller. */
  readonly change: RoomChange;
  /** The row of the room itself. */
  readonly row: Row;
}

/** In one go, for the log. Nobody else sees the room until the caller puts it into memory. */
export function buildRoom(
  { ports, keys }: Building,
  { roomId, rules, published, events }: MadeRoom,
  position: () => number,
): Built {
  const nid = position();
  const room = emptyRoom(roomId, nid, rules);
  const change = new RoomChange(room, toolsOf({ ports, keys }, position));
  const state = new Map<string, Event>();
  for (const event of events) {
    const name = stateKeyOf(event.type, event.stateKey ?? '');
    change.append(event, { replaced: state.get(name) });
    state.set(name, event);
  }
  if (published) change.listed();
  const row = ports.store.rows.room({ nid, roomId, version: rules.version, published });
  return { room, change, row };
}

const NO_STATE: ReadonlyMap<number, number> = new Map();

type At = { signer: Building['ports']['identity']; now: number };

/** From version 12 on, the room's id is this event's. */
function firstEvent(draft: Draft, rules: RoomVersionRules, at: At): Event {
  const opaque = randomBytes(18).toString('base64url');
  const roomId = `!${opaque}:${at.signer.serverName}` as RoomId;
  const nothing: AuthState = { get: () => undefined };
  const head = new RoomHead(NO_STATE, { extremities: [], stateNid: emptyChain.nid });
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

/** What the auth rules refuse in a new room is the fault of what was asked for. */
function inRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof MatrixError) || !REFUSALS.has(error.errcode)) throw error;
    throw new MatrixError(400, 'M_INVALID_ROOM_STATE', error.message, { cause: error });
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['M_FORBIDDEN', 'M_INVALID_PARAM']);
