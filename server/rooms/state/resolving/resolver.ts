import { ForAWhile } from '../../../log/for-a-while.ts';
import type { RoomId } from '../../../protocol/identifiers.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import type { NamedConflict, TellEvents } from './messages.ts';
import { ResolutionThread } from './resolution-thread.ts';
import { resolveTold } from './resolve-told.ts';
import { Unresolved } from './unresolved.ts';

/** Of keys, in a room of few: such are resolved at once. */
const HERE_MAX = 50;
/** Of a large room's state all that it rests on may have to be looked at, however little is in conflict. */
const ENTRIES_MAX = 5_000;
/** A room of which one was too much is left alone for so long, and others have the thread meanwhile. */
const REST_MS = 5 * 60_000;
const RESTING_MAX = 10_000;

/** Resolves conflicts of states: small ones here, large ones aside. */
export class Resolver {
  readonly #thread: Pick<ResolutionThread, 'resolve' | 'close'>;
  readonly #resting: ForAWhile<RoomId>;

  constructor(
    thread: Pick<ResolutionThread, 'resolve' | 'close'> = new ResolutionThread(),
    now?: () => number,
  ) {
    this.#thread = thread;
    this.#resting = new ForAWhile(RESTING_MAX, now);
  }

  /**
   * What is to be added to what is in no conflict. `tell` gives the events that are asked for. Rejects with `Unresolved` where
   * a conflict of this room is too much.
   */
  decide(room: ResolvedRoom, conflict: NamedConflict, tell: TellEvents): Promise<StateMap> {
    const keys = new Set(conflict.conflicted.flatMap((state) => [...state.keys()]));
    if (keys.size <= HERE_MAX && conflict.unconflicted.size <= ENTRIES_MAX)
      return resolveTold(conflict, room, tell);
    return this.#aside(room, conflict, tell);
  }

  async #aside(
    { roomId, rules }: ResolvedRoom,
    conflict: NamedConflict,
    tell: TellEvents,
  ): Promise<StateMap> {
    if (this.#resting.has(roomId))
      throw new Unresolved(`The state of ${roomId} was too much to be resolved a moment ago`);
    try {
      return await this.#thread.resolve({ roomId, version: rules.version, ...conflict }, tell);
    } catch (error) {
      if (error instanceof Unresolved) this.#resting.add(roomId, REST_MS);
      throw error;
    }
  }

  close(): void {
    this.#thread.close();
  }
}
