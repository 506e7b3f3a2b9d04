import { join } from 'node:path';
import { Aside } from '../../../aside/aside.ts';
import type { Talk } from '../../../aside/talk.ts';
import { FairTurns, type TurnBounds } from '../../../log/fair-turns.ts';
import type { EventId } from '../../../protocol/identifiers.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import {
  type NamedConflict,
  namesInPieces,
  type Said,
  type StateEntry,
  type Task,
  type TellEvents,
  type Told,
  textsInPieces,
} from './messages.ts';
import { NoTurnYet, Unresolved } from './unresolved.ts';

const PROGRAM = join(import.meta.dirname, 'resolution-program.ts');
/** The auth chains of the largest rooms fit in. */
const MEMORY_MIB_MAX = 768;
const IDLE_MS = 60_000;
/** For a turn. */
const WAIT_MS = 30_000;
/** Rooms, or the domains that bring events, take turns: who has many conflicts waits for themselves. */
const TURNS: TurnBounds = { atOnce: 1, waiting: 1_000, waitingOfOne: 100 };

interface Asked {
  readonly tell: TellEvents;
  /** Whose turn it is. */
  readonly who: string;
  /** Of the process' own time. */
  readonly withinMs: number;
}

/**
 * Resolves large conflicts of states aside, one at a time, in a process that is started when it is needed. It reads nothing:
 * what it asks for it is told, from the database or of what is just being taken in.
 */
export class ResolutionProcess {
  readonly #turns = new FairTurns(TURNS);
  readonly #withinMsMax: number;
  readonly #waitMs: number;
  readonly #aside: Aside<Told, Said>;

  constructor(
    options: { idleMs?: number; withinMs?: number; waitMs?: number; memoryMiBMax?: number } = {},
  ) {
    this.#withinMsMax = options.withinMs ?? Infinity;
    this.#waitMs = options.waitMs ?? WAIT_MS;
    this.#aside = new Aside({
      file: PROGRAM,
      doing: 'resolves states',
      flags: [`--max-old-space-size=${options.memoryMiBMax ?? MEMORY_MIB_MAX}`],
      idleMs: options.idleMs ?? IDLE_MS,
    });
  }

  get isRunning(): boolean {
    return this.#aside.isRunning;
  }

  /** Rejects with `Unresolved` where it lies with the conflict, and where `tell` does; the next one gets another process then. */
  async resolve(task: Task & NamedConflict, how: Asked): Promise<StateMap> {
    const waiting = AbortSignal.timeout(this.#waitMs);
    const resolve = () => this.#aside.use((talk) => this.#resolve(task, how, talk));
    try {
      return await this.#turns.run(how.who, resolve, waiting);
    } catch (error) {
      if (error !== waiting.reason) throw error;
      throw new NoTurnYet(`The state of ${task.roomId} was not resolved: others are`);
    }
  }

  close(): void {
    this.#aside.close();
  }

  async #resolve(
    { roomId, version, unconflicted, conflicted }: Task & NamedConflict,
    { tell, withinMs }: Asked,
    talk: Talk<Told, Said>,
  ): Promise<StateMap> {
    for (const state of [unconflicted, ...conflicted])
      for (const piece of namesInPieces(state)) await talk.tell({ kind: 'state', ...piece });
    await talk.tell({ kind: 'resolve', roomId, version });
    const answers = new Answers(talk, { roomId, withinMs: Math.min(withinMs, this.#withinMsMax) });
    for (;;) {
      const answer = await answers.next();
      if (answer.kind === 'resolved') return new Map(answer.all);
      for (const piece of textsInPieces(await tell(answer.all)))
        await talk.tell({ kind: 'events', ...piece });
    }
  }
}

type Answer =
  | { readonly kind: 'asks'; readonly all: readonly EventId[] }
  | { readonly kind: 'resolved'; readonly all: readonly StateEntry[] };

/** What the process says, put together. The time in which it waits for us does not count. */
class Answers {
  readonly #talk: Talk<Told, Said>;
  readonly #of: { readonly roomId: string; readonly withinMs: number };
  #leftMs: number;

  constructor(talk: Talk<Told, Said>, of: { readonly roomId: string; readonly withinMs: number }) {
    this.#talk = talk;
    this.#of = of;
    this.#leftMs = of.withinMs;
  }

  async next(): Promise<Answer> {
    const all: (EventId | StateEntry)[] = [];
    for (;;) {
      const said = await this.#said();
      for (const each of said.some) all.push(each);
      if (said.isLast) return { kind: said.kind, all } as Answer;
    }
  }

  async #said(): Promise<Said> {
    const { withinMs } = this.#of;
    const begunMs = performance.now();
    const said = await this.#talk.hear(this.#leftMs);
    this.#leftMs -= performance.now() - begunMs;
    if (said) return said;
    // A machine that is short of memory takes this process first: what makes it so large does so each time it is tried.
    if (this.#talk.wasGivenUp) throw new Error('The process that resolves states was ended');
    const cause = this.#talk.end ?? new Error(`it took more than ${withinMs} ms`);
    const why = `The state of ${this.#of.roomId} was not resolved: ${cause.message}`;
    throw new Unresolved(why, { cause });
  }
}
