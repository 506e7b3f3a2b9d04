import { type AtEvent, historyVisibilityOf, maySee } from '../../protocol/history-visibility.ts';
import { serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { withoutExpired } from '../read/expired.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { roomEventOf } from '../read/stored-event.ts';
import { contentAt } from '../read/visibility.ts';
import type { RoomEvent } from '../room-event.ts';
import { EMPTY_STATE_NID } from '../state/state-chain.ts';
import type { StoredEvent } from '../store.ts';
import { firstMembers, type ServerStanding } from './server-standing.ts';

export interface ShownEvent {
  readonly stored: StoredEvent;
  /** It is there, and what was said in it is not for this server: it is told a redacted copy. */
  readonly isHidden: boolean;
}

/**
 * What a server is told of events: whole where any of its users could see them (Room history
 * visibility), as redacted copies where none could, since the room's graph is no secret among those who are in it. A
 * server that has left is not told of the others at all.
 */
export async function shownToServer(
  room: HotRoom,
  reads: RoomReads,
  standing: ServerStanding,
  stored: readonly StoredEvent[],
): Promise<ShownEvent[]> {
  const all = stored.map((each) => ({ stored: each, event: roomEventOf(each, room.rules) }));
  const events = all.map(({ event }) => event);
  const kept = new Set(await withoutExpired(room, reads, events));
  const erased = await hiddenByErasure(reads, events);
  const states = new StatesOfServer(room, reads, standing);
  const shown: ShownEvent[] = [];
  for (const { stored: each, event } of all) {
    const isSeen = await maySeeWhole(states, standing, event);
    const isHidden = !isSeen || !kept.has(event) || erased.has(event);
    if (isSeen || standing.isIn) shown.push({ stored: each, isHidden });
  }
  return shown;
}

/**
 * What says something of whom was erased. Other servers judge by the state: what a redaction took from it could shut
 * them out (`m.room.server_acl`), and what lets a member in must stay whole.
 */
export async function hiddenByErasure(
  { erased }: RoomReads,
  events: readonly RoomEvent[],
): Promise<ReadonlySet<RoomEvent>> {
  if ((await erased.first()) === Number.POSITIVE_INFINITY) return new Set();
  const gone = await erased.of([...new Set(events.map(({ sender }) => sender))]);
  return new Set(events.filter((each) => gone.has(each.sender) && tellsOfSender(each)));
}

function tellsOfSender({ type, stateKey, content }: RoomEvent): boolean {
  if (stateKey === undefined) return true;
  const { third_party_invite, join_authorised_via_users_server } = content;
  const restsOnContent = third_party_invite ?? join_authorised_via_users_server;
  return type === 'm.room.member' && restsOnContent === undefined;
}

async function maySeeWhole(
  states: StatesOfServer,
  { server, isIn, lastJoin }: ServerStanding,
  event: RoomEvent,
): Promise<boolean> {
  const { stateBefore, stateAfter, type, stateKey, position } = event;
  // In no state that anybody knows: it came for another event to rest on.
  if (stateBefore === undefined) return isIn && stateKey !== undefined;
  const isAboutThem =
    (type === 'm.room.member' && serverNameOf(stateKey as UserId) === server) ||
    (type === 'm.room.history_visibility' && stateKey === '');
  const before = await states.at(stateBefore);
  const after = isAboutThem && stateAfter !== undefined ? await states.at(stateAfter) : undefined;
  // Earlier history has no position by which it could be told whether they came behind it.
  const cameBehind = position !== 0 && lastJoin > position;
  return maySee(before, isIn || cameBehind, after);
}

/** The room as a server had part in it, state by state, each looked at once. */
class StatesOfServer {
  readonly #room: HotRoom;
  readonly #reads: RoomReads;
  readonly #standing: ServerStanding;
  readonly #known = new Map<number, AtEvent>();
  #memberKeys: readonly number[] | undefined;

  constructor(room: HotRoom, reads: RoomReads, standing: ServerStanding) {
    this.#room = room;
    this.#reads = reads;
    this.#standing = standing;
  }

  async at(stateNid: number): Promise<AtEvent> {
    const known = this.#known.get(stateNid) ?? (await this.#look(stateNid));
    this.#known.set(stateNid, known);
    return known;
  }

  async #look(stateNid: number): Promise<AtEvent> {
    const state = await this.#stateOf(stateNid);
    const content = await contentAt(this.#room, this.#reads, state, [VISIBILITY, '']);
    const visibility = historyVisibilityOf(content?.history_visibility);
    const isOpen =
      visibility === 'world_readable' || (visibility === 'shared' && this.#standing.isIn);
    return { visibility, membership: isOpen ? undefined : await this.#membershipIn(state) };
  }

  async #stateOf(stateNid: number): Promise<NumberedState> {
    if (stateNid === EMPTY_STATE_NID) return new Map();
    return stateNid === this.#room.stateNid ? this.#room.state : this.#reads.storedState(stateNid);
  }

  /** The nearest to being in it that any of its users had. */
  async #membershipIn(state: NumberedState): Promise<'join' | 'invite' | undefined> {
    this.#memberKeys ??= firstMembers(this.#room, this.#reads.keys, this.#standing.server).map(
      ({ keyNid }) => keyNid,
    );
    let isInvited = false;
    for (let at = 0; at < this.#memberKeys.length; at += LOOKED_AT_ONCE) {
      const keys = this.#memberKeys.slice(at, at + LOOKED_AT_ONCE);
      const nids = keys.flatMap((keyNid) => state.get(keyNid) ?? []);
      for (const { content } of await this.#reads.load(this.#room, nids)) {
        if (content.membership === 'join') return 'join';
        isInvited ||= content.membership === 'invite';
      }
    }
    return isInvited ? 'invite' : undefined;
  }
}

interface NumberedState {
  get(keyNid: number): number | undefined;
}

const VISIBILITY = 'm.room.history_visibility';
/** The first is in, nearly always. */
const LOOKED_AT_ONCE = 50;
