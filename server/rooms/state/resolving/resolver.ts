import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import type { NamedConflict, TellEvents } from './messages.ts';
import { ResolutionThread } from './resolution-thread.ts';
import { resolveTold } from './resolve-told.ts';

/** Of keys, in a room of few: such are resolved at once. */
const HERE_MAX = 50;
/** Of a large room's state all that it rests on may have to be looked at, however little is in conflict. */
const ENTRIES_MAX = 5_000;

/** Resolves conflicts of states: small ones here, large ones aside. */
export class Resolver {
  readonly #thread: Pick<ResolutionThread, 'resolve' | 'close'>;

  constructor(thread: Pick<ResolutionThread, 'resolve' | 'close'> = new ResolutionThread()) {
    this.#thread = thread;
  }

  /** What is to be added to what is in no conflict. `tell` gives the events that are asked for. */
  decide(room: ResolvedRoom, conflict: NamedConflict, tell: TellEvents): Promise<StateMap> {
    const keys = new Set(conflict.conflicted.flatMap((state) => [...state.keys()]));
    if (keys.size <= HERE_MAX && conflict.unconflicted.size <= ENTRIES_MAX)
      return resolveTold(conflict, room, tell);
    const { roomId, rules } = room;
    return this.#thread.resolve({ roomId, version: rules.version, ...conflict }, tell);
  }

  close(): void {
    this.#thread.close();
  }
}
