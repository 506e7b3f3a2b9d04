import type { RoomId, ServerName } from '../../../protocol/identifiers.ts';
import { domainOfServer } from '../../../protocol/server-host.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import type { NamedConflict, TellEvents } from './messages.ts';
import { ResolutionProcess } from './resolution-process.ts';
import { resolveTold } from './resolve-told.ts';
import { doubled, Rests } from './rests.ts';
import { NoTurnYet, NotTried, Unresolved } from './unresolved.ts';

/** Of keys, in a room of few: such are resolved at once. */
const HERE_MAX = 50;
/** Of a large room's state all that it rests on may have to be looked at, however little is in conflict. */
const ENTRIES_MAX = 5_000;
/** Of the largest rooms a conflict of everything takes some seconds. A slow machine gets further the next time. */
const WITHIN_MS = 60_000;
const WITHIN_MS_MAX = 4 * 60_000;
/** One that had no turn. */
const NO_TURN_REST_MS = 60_000;

export interface Resolving {
  /**
   * What is to be added to what is in no conflict. `tell` gives the events that are asked for. Rejects with `Unresolved` where
   * it is too much, and with `NotTried` where another of this room was.
   */
  decide(room: ResolvedRoom, conflict: NamedConflict, tell: TellEvents): Promise<StateMap>;
  /** For how long no large conflict of the room is looked at: of none, or of those that this server brings. */
  restMs(roomId: RoomId, server?: ServerName): number;
  /** The same, of what this server has brought: it waits for its domain alone. */
  broughtBy(server: ServerName): Resolving;
}

/**
 * Resolves conflicts of states: small ones here, large ones aside. Where one is too much its room rests, so that others have
 * the process meanwhile. A domain costs a room one such rest in a day: then it is the domain alone that rests there.
 */
export class Resolver implements Resolving {
  readonly #process: Pick<ResolutionProcess, 'resolve' | 'close'>;
  readonly #now: () => number;
  readonly #rooms: Rests;
  /** In a room. */
  readonly #domains: Rests;

  constructor(
    process: Pick<ResolutionProcess, 'resolve' | 'close'> = new ResolutionProcess(),
    now: () => number = () => performance.now(),
  ) {
    this.#process = process;
    this.#now = now;
    this.#rooms = new Rests(now);
    this.#domains = new Rests(now);
  }

  decide(
    room: ResolvedRoom,
    conflict: NamedConflict,
    tell: TellEvents,
    server?: ServerName,
  ): Promise<StateMap> {
    const keys = new Set(conflict.conflicted.flatMap((state) => [...state.keys()]));
    if (keys.size <= HERE_MAX && conflict.unconflicted.size <= ENTRIES_MAX)
      return resolveTold(conflict, room, tell);
    return this.#aside(room, conflict, { tell, server });
  }

  restMs(roomId: RoomId, server?: ServerName): number {
    const ofRoom = this.#rooms.restMs(roomId);
    return server ? Math.max(ofRoom, this.#domains.restMs(inRoom(roomId, server))) : ofRoom;
  }

  /** How often one was too much since one was not. */
  timesFailed(roomId: RoomId): number {
    return this.#rooms.times(roomId);
  }

  broughtBy(server: ServerName): Resolving {
    return {
      decide: (room, conflict, tell) => this.decide(room, conflict, tell, server),
      restMs: (roomId) => this.restMs(roomId, server),
      broughtBy: (other) => this.broughtBy(other),
    };
  }

  async #aside(
    { roomId, rules }: ResolvedRoom,
    conflict: NamedConflict,
    { tell, server }: { readonly tell: TellEvents; readonly server: ServerName | undefined },
  ): Promise<StateMap> {
    if (this.restMs(roomId, server) > 0)
      throw new NotTried(`The state of ${roomId} was too much to be resolved a moment ago`);
    const domain = server && inRoom(roomId, server);
    const times = Math.max(this.#rooms.times(roomId), domain ? this.#domains.times(domain) : 0);
    const begunMs = this.#now();
    try {
      const task = { roomId, version: rules.version, ...conflict };
      const withinMs = doubled(WITHIN_MS, times, WITHIN_MS_MAX);
      const who = server ? domainOfServer(server) : roomId;
      const resolved = await this.#process.resolve(task, { tell, who, withinMs });
      this.#rooms.wasResolved(roomId);
      if (domain) this.#domains.wasResolved(domain);
      return resolved;
    } catch (error) {
      if (error instanceof NoTurnYet) this.#rooms.rest(roomId, NO_TURN_REST_MS);
      else if (error instanceof Unresolved) this.#rest(roomId, domain, this.#now() - begunMs);
      throw error;
    }
  }

  /** A room in which several domains bring what is too much still has the process for half of its time at most. */
  #rest(roomId: RoomId, domain: string | undefined, tookMs: number): void {
    if (domain && this.#domains.isKnown(domain)) this.#rooms.rest(roomId, tookMs);
    else this.#rooms.wasTooMuch(roomId);
    if (domain) this.#domains.wasTooMuch(domain);
  }

  close(): void {
    this.#process.close();
  }
}

const inRoom = (roomId: RoomId, server: ServerName): string =>
  `${roomId} ${domainOfServer(server)}`;
