import type { EventId } from '../../../protocol/identifiers.ts';
import { runAsking } from '../../../protocol/state-resolution/answering.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../../protocol/state-resolution/resolve.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import { parsedEventOf } from '../../read/stored-event.ts';
import { ResolutionThread, type TellEvents } from './resolution-thread.ts';

export interface NamedConflict {
  readonly unconflicted: StateMap;
  readonly conflicted: readonly StateMap[];
}

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
  async decide(
    { roomId, rules }: ResolvedRoom,
    conflict: NamedConflict,
    tell: TellEvents,
  ): Promise<StateMap> {
    const keys = new Set(conflict.conflicted.flatMap((state) => [...state.keys()]));
    if (keys.size > HERE_MAX || conflict.unconflicted.size > ENTRIES_MAX)
      return this.#thread.resolve({ roomId, version: rules.version, ...conflict }, tell);
    const load = async (ids: readonly EventId[]) =>
      (await tell(ids)).map((each) => parsedEventOf(each, rules));
    const steps = resolveConflict(conflict, { roomId, rules });
    return runAsking(steps, async (question) =>
      question.kind === 'events' ? { events: await load(question.ids) } : {},
    );
  }

  close(): void {
    this.#thread.close();
  }
}
