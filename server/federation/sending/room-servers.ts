import { Lru } from '../../log/lru.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { serverNameOf } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import type { OutgoingEvent } from '../../storage/federation/outgoing-events.ts';
import { serversInRoom } from '../../storage/federation/room-servers.ts';
import { membershipIn } from './membership-in.ts';

/**
 * Who was there behind positions in [from, until): at the position of a change it is another already. An event stands before
 * the change that it makes, so that who was there before it is who was there behind its own position.
 */
interface Stretch {
  readonly servers: readonly ServerName[];
  /** Somebody of this server is there, too; not looked at where nobody else is. */
  readonly isOursThere: boolean;
  from: number;
  until: number;
}

interface Place {
  readonly roomId: RoomId;
  readonly roomNid: number;
  readonly position: number;
}

/** Names of servers, and rooms, that are kept: some 20 MB of pointers. */
const WEIGHT_MAX = 500_000;
const NOBODY: readonly ServerName[] = [];

/** Which other servers are in which room, at the events of ours that they are to get. */
export class RoomServers {
  readonly #own: ServerName;
  readonly #database: Database;
  readonly #stretches = new Lru<RoomId, Stretch>(WEIGHT_MAX);
  /** Where a room is being looked at: the first change since. */
  readonly #moving = new Map<RoomId, { until: number }[]>();

  constructor(own: ServerName, database: Database) {
    this.#own = own;
    this.#database = database;
  }

  /** That nobody else is in it, and it is certain. */
  isOwn(roomId: RoomId): boolean {
    const stretch = this.#stretches.get(roomId);
    return stretch?.servers === NOBODY && stretch.until === Number.POSITIVE_INFINITY;
  }

  /** The membership of somebody changed at this position. */
  moved(roomId: RoomId, userId: UserId, position: number): void {
    if (serverNameOf(userId) !== this.#own) this.allMoved(roomId, position);
  }

  /** Any membership may have changed at this position. */
  allMoved(roomId: RoomId, position: number): void {
    const stretch = this.#stretches.get(roomId);
    if (stretch) stretch.until = Math.min(stretch.until, position);
    for (const look of this.#moving.get(roomId) ?? []) look.until = Math.min(look.until, position);
  }

  forget(roomId: RoomId): void {
    this.#stretches.delete(roomId);
  }

  /**
   * Those that are to get the event, but for its sender's own: who was in the room before it (or whose last member it puts out would not hear of
   * it), and who was invited or knocked, of which it is the end. Invites go by a request of their own. So did the event by which we came
   * in: the server that we came in through took it, and passes it on to all others.
   */
  async of(event: OutgoingEvent): Promise<readonly ServerName[]> {
    const { servers, isOursThere } = await this.#before(event);
    const sender = serverNameOf(event.sender);
    if (!isOursThere && sender === this.#own) return NOBODY;
    const target = targetOf(event);
    const all =
      target === undefined || target === this.#own || servers.includes(target)
        ? servers
        : [...servers, target];
    return sender === this.#own ? all : all.filter((server) => server !== sender);
  }

  /** Behind this position. */
  async at(place: Place): Promise<readonly ServerName[]> {
    return (await this.#before(place)).servers;
  }

  async #before({ roomId, roomNid, position }: Place): Promise<Stretch> {
    const known = this.#stretches.get(roomId);
    if (known && known.from <= position && position < known.until) return known;
    const looked = await this.#look({ roomId, roomNid, position });
    this.#keep(roomId, looked);
    return looked;
  }

  /** Of two stretches with a change between them the newer one, for what comes next. */
  #keep(roomId: RoomId, looked: Stretch): void {
    const known = this.#stretches.get(roomId);
    if (known === undefined || looked.from >= known.until)
      this.#stretches.set(roomId, looked, 1 + looked.servers.length);
    else if (looked.until > known.from) known.from = Math.min(known.from, looked.from);
  }

  async #look(at: Place): Promise<Stretch> {
    const look = { until: Number.POSITIVE_INFINITY };
    const others = this.#moving.get(at.roomId) ?? [];
    this.#moving.set(at.roomId, [...others, look]);
    try {
      const rows = await serversInRoom(this.#database, at.roomNid, at.position);
      const found = new Set<ServerName>();
      const ours = { until: Number.POSITIVE_INFINITY };
      for (const { serverName, changedAt, json } of rows) {
        const whose = serverName === this.#own ? ours : look;
        if (changedAt !== null) whose.until = Math.min(whose.until, changedAt);
        if (changedAt === null || membershipIn(json) === 'join') found.add(serverName);
      }
      const isOursThere = found.delete(this.#own) || found.size === 0;
      const servers = found.size === 0 ? NOBODY : [...found];
      // Of ours it matters alone when they come first.
      const until = isOursThere ? look.until : Math.min(look.until, ours.until);
      return { servers, isOursThere, from: at.position, until };
    } finally {
      this.#looked(at.roomId, look);
    }
  }

  #looked(roomId: RoomId, look: { until: number }): void {
    const others = this.#moving.get(roomId)?.filter((each) => each !== look) ?? [];
    if (others.length > 0) this.#moving.set(roomId, others);
    else this.#moving.delete(roomId);
  }
}

/** Whose invite, knock or stay the event ends. */
function targetOf({ stateKey, memberJson, replacedJson }: OutgoingEvent): ServerName | undefined {
  if (memberJson === null || stateKey === null) return undefined;
  const [before, now] = [membershipIn(replacedJson), membershipIn(memberJson)];
  const ends = ENDED.has(before ?? '') && ENDS.has(now ?? '');
  return ends ? serverNameOf(stateKey as UserId) : undefined;
}

const ENDED = new Set(['invite', 'knock', 'join']);
const ENDS = new Set(['leave', 'ban']);
