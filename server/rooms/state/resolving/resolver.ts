import { Lru } from '../../../log/lru.ts';
import type { RoomId, ServerName } from '../../../protocol/identifiers.ts';
import { domainOfServer } from '../../../protocol/server-host.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import type { NamedConflict, TellEvents } from './messages.ts';
import { ResolutionProcess } from './resolution-process.ts';
import { resolveTold } from './resolve-told.ts';
import { NoTurnYet, NotTried, Unresolved } from './unresolved.ts';

/** Of keys, in a room of few: such are resolved at once. */
const HERE_MAX = 50;
/** Of a large room's state all that it rests on may have to be looked at, however little is in conflict. */
const ENTRIES_MAX = 5_000;
/** Of the largest rooms a conflict of everything takes some seconds. A slow machine gets further the next time. */
const WITHIN_MS = 60_000;
const WITHIN_MS_MAX = 4 * 60_000;
/** A room of which one was too much is left alone for so long, and others have the process meanwhile; and twice as long each time. */
const REST_MS = 5 * 60_000;
const REST_MS_MAX = 60 * 60_000;
/** One that had no turn. */
const NO_TURN_REST_MS = 60_000;
const RESTING_MAX = 10_000;

export interface Resolving {
  /**
   * What is to be added to what is in no conflict. `tell` gives the events that are asked for. Rejects with `Unresolved` where
   * it is too much, and with `NotTried` where another of this room was.
   */
  decide(room: ResolvedRoom, conflict: NamedConflict, tell: TellEvents): Promise<StateMap>;
  /** For how long no large conflict of the room is looked at. */
  restMs(roomId: RoomId): number;
  /** The same, of what this server has brought: it waits for its domain alone. */
  broughtBy(server: ServerName): Resolving;
}

interface Failed {
  readonly times: number;
  readonly restsUntilMs: number;
}

/** Resolves conflicts of states: small ones here, large ones aside. */
export class Resolver implements Resolving {
  readonly #process: Pick<ResolutionProcess, 'resolve' | 'close'>;
  readonly #now: () => number;
  readonly #failed = new Lru<RoomId, Failed>(RESTING_MAX);

  constructor(
    process: Pick<ResolutionProcess, 'resolve' | 'close'> = new ResolutionProcess(),
    now: () => number = () => performance.now(),
  ) {
    this.#process = process;
    this.#now = now;
  }

  decide(
    room: ResolvedRoom,
    conflict: NamedConflict,
    tell: TellEvents,
    who: string = room.roomId,
  ): Promise<StateMap> {
    const keys = new Set(conflict.conflicted.flatMap((state) => [...state.keys()]));
    if (keys.size <= HERE_MAX && conflict.unconflicted.size <= ENTRIES_MAX)
      return resolveTold(conflict, room, tell);
    return this.#aside(room, conflict, { tell, who });
  }

  restMs(roomId: RoomId): number {
    return Math.max(0, (this.#failed.get(roomId)?.restsUntilMs ?? 0) - this.#now());
  }

  /** How often one was too much since one was not. */
  timesFailed(roomId: RoomId): number {
    return this.#failed.get(roomId)?.times ?? 0;
  }

  broughtBy(server: ServerName): Resolving {
    const who = domainOfServer(server);
    return {
      decide: (room, conflict, tell) => this.decide(room, conflict, tell, who),
      restMs: (roomId) => this.restMs(roomId),
      broughtBy: (other) => this.broughtBy(other),
    };
  }

  async #aside(
    { roomId, rules }: ResolvedRoom,
    conflict: NamedConflict,
    { tell, who }: { readonly tell: TellEvents; readonly who: string },
  ): Promise<StateMap> {
    if (this.restMs(roomId) > 0)
      throw new NotTried(`The state of ${roomId} was too much to be resolved a moment ago`);
    const times = this.timesFailed(roomId);
    try {
      const task = { roomId, version: rules.version, ...conflict };
      const withinMs = doubled(WITHIN_MS, times, WITHIN_MS_MAX);
      const resolved = await this.#process.resolve(task, { tell, who, withinMs });
      this.#failed.delete(roomId);
      return resolved;
    } catch (error) {
      if (error instanceof Unresolved) this.#rest(roomId, error, times);
      throw error;
    }
  }

  #rest(roomId: RoomId, why: Unresolved, times: number): void {
    const isNoFault = why instanceof NoTurnYet;
    const ms = isNoFault ? NO_TURN_REST_MS : doubled(REST_MS, times, REST_MS_MAX);
    const restsUntilMs = this.#now() + Math.max(ms, this.restMs(roomId));
    this.#failed.set(roomId, { times: isNoFault ? times : times + 1, restsUntilMs });
  }

  close(): void {
    this.#process.close();
  }
}

const doubled = (ms: number, times: number, msMax: number): number =>
  Math.min(ms * 2 ** times, msMax);
