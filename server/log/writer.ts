import { rehearsalOf, statementsOf } from './batch.ts';
import type { Change, PlacedRecord } from './change.ts';
import type { LogClock } from './clock.ts';
import type { NotEncodable } from './column.ts';
import type { Deadline } from './deadline.ts';
import {
  BuiltOnRefused,
  type Log,
  NotWriter,
  OutcomeUnknown,
  RefusedForData,
  TooManyRefused,
  TooManyWaiting,
} from './log.ts';
import { subject } from './on-behalf.ts';
import { namesOf, type OutcomeRow } from './outcomes.ts';
import { firstToFail, Refusals } from './poison.ts';
import { isPoison, rejectionOf } from './refusal.ts';
import { Rounds } from './rounds.ts';
import type { ShareBounds } from './shares.ts';
import { Queue, type Waiting } from './waiting.ts';
import { CommitUnknown, RefusedBySql, type WriterConnection } from './writer-connection.ts';

export interface BatchTime {
  readonly changes: number;
  readonly seconds: number;
}

export interface WriterOptions {
  readonly connection: Pick<WriterConnection, 'transaction' | 'rehearse' | 'end'>;
  readonly epoch: number;
  /** The last committed position, from which this epoch goes on. */
  readonly position: number;
  readonly clock: LogClock;
  readonly deadline: Deadline;
  /** A writer that lost its epoch or does not know an outcome is at an end; the program ends with it. */
  readonly onEnd: (reason: Error) => void;
  readonly onBatch?: ((batch: BatchTime) => void) | undefined;
  readonly nowMs?: (() => number) | undefined;
  readonly waitingMax?: ShareBounds | undefined;
  readonly withheldMsMax?: number | undefined;
}

/**
 * Beyond it a change is turned away as certainly not executed, and the front holds it, with all others:
 * so that is said only where all together are too many. Of one alone it is that one's to wait.
 */
const WAITING_MAX: ShareBounds = { changes: 20_000, bytes: 64 * 1_048_576, ofOne: 1 / 8 };

/**
 * Past the deadline changes wait for its renewal, which an agent that hangs never sends. Then they are
 * turned away as certainly not executed, and the front holds them: there may be another writer.
 */
const WITHHELD_MS_MAX = 10_000;

/** Group commit (D1): gathers the changes of all requests, and has one batch in flight at a time. */
export class Writer implements Log {
  readonly epoch: number;
  readonly clock: LogClock;
  readonly #options: WriterOptions;
  readonly #rounds: Rounds;
  readonly #queue: Queue;
  readonly #refusals: Refusals;
  readonly #committedListeners: ((records: readonly PlacedRecord[]) => void)[] = [];
  readonly #outcomeListeners: ((outcomes: readonly OutcomeRow[]) => void)[] = [];
  readonly #refusedListeners: ((touches: ReadonlySet<string>) => void)[] = [];
  readonly #batchListeners: ((batch: BatchTime) => void)[] = [];
  /** Committed, but the deadline had passed when that came back, or was in doubt: told behind a renewed one, once another commit is confirmed. */
  #untold: Waiting[] = [];
  /** Up to here it is told. */
  #told: number;
  #handedOut: number;
  #position: number;
  #ended: Error | undefined;
  #closing = false;
  #withheld: NodeJS.Timeout | undefined;
  /** The batch in flight, and how often the deadline had lapsed then. */
  #begun: { readonly atMs: number; readonly lapses: number } | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.clock = options.clock;
    this.#position = options.position;
    this.#told = options.position;
    this.#handedOut = options.position;
    if (options.onBatch) this.onBatch(options.onBatch);
    this.#queue = new Queue(options.waitingMax ?? WAITING_MAX);
    this.#refusals = new Refusals(options.nowMs ?? (() => performance.now()));
    this.#rounds = new Rounds({
      isThere: () => !(this.#queue.isEmpty && this.#untold.length === 0) && this.#mayBegin(),
      round: () => this.#round(),
    });
    options.deadline.onRenewed(() => this.#rounds.wake());
  }

  get committed() {
    return { epoch: this.epoch, position: this.#told };
  }

  /** How long the batch in flight has waited for its commit to come back; 0 where there is none. */
  get waitingMs(): number {
    return this.#begun === undefined ? 0 : performance.now() - this.#begun.atMs;
  }

  mayAnswer(): boolean {
    const { deadline } = this.#options;
    // Whoever asks now was perhaps told of it by who saw it in the database: there it may be seen before its commit comes back.
    const isUntold =
      this.#untold.length > 0 || (this.#begun && this.#begun.lapses !== deadline.lapses);
    return !isUntold && this.#ended === undefined && deadline.mayAnswer();
  }

  onCommitted(listener: (records: readonly PlacedRecord[]) => void) {
    this.#committedListeners.push(listener);
  }

  onOutcomes(listener: (outcomes: readonly OutcomeRow[]) => void) {
    this.#outcomeListeners.push(listener);
  }

  onRefused(listener: (touches: ReadonlySet<string>) => void) {
    this.#refusedListeners.push(listener);
  }

  /** How long each batch takes to come back. */
  onBatch(listener: (batch: BatchTime) => void) {
    this.#batchListeners.push(listener);
  }

  async commit<T>(build: (position: () => number) => { change: Change; value: T }): Promise<T> {
    const by = subject();
    this.#turnAwayIfFull(by);
    const { change, value } = build(this.#nextPosition);
    const committed = this.#queue.push(change, by, this.#handedOut);
    this.#rounds.wake();
    await committed;
    return value;
  }

  async reserve(count: number): Promise<number> {
    return this.commit(() => {
      const first = this.#handedOut + 1;
      this.#handedOut += count;
      return { change: { rows: [], records: [], touches: [] }, value: first };
    });
  }

  /** Takes no more changes, commits those it has, and lets the connection go. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#rounds.asleep();
    clearTimeout(this.#withheld);
    if (this.#untold.length > 0) this.#end(new CommitUnknown(PASSED));
    this.#turnAway(new Error('The server was stopped past its deadline'));
    await this.#options.connection.end();
  }

  /** For a connection that is lost while nothing is in flight. */
  lost(error: Error) {
    this.#end(error);
  }

  readonly #nextPosition = () => {
    this.#handedOut += 1;
    return this.#handedOut;
  };

  /** Past its deadline the writer begins no batch. */
  #mayBegin(): boolean {
    const mayBegin = this.#options.deadline.mayAnswer();
    // A deadline that is renewed and in doubt again has told nobody anything.
    if (mayBegin && this.#untold.length === 0) this.#isNotWithheld();
    else {
      const { withheldMsMax = WITHHELD_MS_MAX } = this.#options;
      this.#withheld ??= setTimeout(() => this.#turnAwayWithheld(), withheldMsMax).unref();
    }
    return mayBegin;
  }

  #isNotWithheld() {
    clearTimeout(this.#withheld);
    this.#withheld = undefined;
  }

  /** What is in flight stays: nobody knows what becomes of it. */
  #turnAwayWithheld() {
    this.#withheld = undefined;
    if (this.#options.deadline.mayAnswer()) return;
    if (this.#untold.length > 0) this.#end(new CommitUnknown(PASSED));
    const withheld = this.#queue.takeAll();
    const touches = new Set(withheld.flatMap(({ change }) => change.touches));
    for (const listener of this.#refusedListeners) listener(touches);
    for (const each of withheld) each.reject(new NotWriter('The deadline was not renewed'));
  }

  #turnAwayIfFull(by: string) {
    if (this.#ended || this.#closing) throw new NotWriter('This server is no longer the writer');
    const waitMs = this.#refusals.waitMs(by);
    if (waitMs > 0) throw new TooManyRefused(waitMs);
    const full = this.#queue.whatIsFull(by);
    if (full === 'own') throw new TooManyWaiting();
    if (full === 'all') throw new NotWriter('Too many changes are waiting');
  }

  async #round(): Promise<void> {
    // By itself: what waits may be refused, and rests on what is untold.
    const batch = this.#untold.length > 0 ? [] : this.#queue.takeBatch();
    try {
      const refusal = await this.#write(batch);
      if (!refusal) return;
      const poison = batch[await this.#placeOfPoison(batch, refusal)]!;
      // The others have done nothing wrong, and go on together, in the next round.
      this.#queue.putBack(batch.filter((each) => each !== poison));
      this.#refuse(poison, refusal);
    } catch (error) {
      for (const each of batch) each.reject(rejectionOf(error));
      this.#end(error as Error);
    }
  }

  /** Rehearsed without a commit: the search costs no wait for a standby. */
  #placeOfPoison(batch: readonly Waiting[], refusal: Refusal): Promise<number> {
    return firstToFail(batch.length, async (length) => {
      try {
        const statements = this.#statementsOf(batch.slice(0, length));
        if (refusal instanceof RefusedBySql)
          await this.#options.connection.rehearse(rehearsalOf(statements, refusal.statement));
        return false;
      } catch (error) {
        if (isPoison(error)) return true;
        throw error;
      }
    });
  }

  /** And all that shares memory with it, and everything of a subject that has sent too much of it. */
  #refuse(poison: Waiting, cause: Error) {
    this.#refusals.charge(poison.subject);
    const waitMs = this.#refusals.waitMs(poison.subject);
    const isOfPoisoner = ({ subject }: Waiting) => waitMs > 0 && subject === poison.subject;
    const touches = new Set(poison.change.touches);
    for (const each of this.#queue.takeTouched(touches, isOfPoisoner))
      each.reject(
        isOfPoisoner(each)
          ? new TooManyRefused(waitMs)
          : new BuiltOnRefused('It shares memory with a change that the database refused'),
      );
    for (const listener of this.#refusedListeners) listener(touches);
    poison.reject(new RefusedForData('The database refuses these data', { cause }));
  }

  /** Answers the refusal, if there was poison in the batch. */
  async #write(batch: readonly Waiting[]): Promise<Refusal | undefined> {
    const begun = { atMs: performance.now(), lapses: this.#options.deadline.lapses };
    this.#begun = begun;
    try {
      const { byAnybody } = await this.#options.connection.transaction(this.#statementsOf(batch));
      // Patroni has no standby left, and the agent, who takes the deadline back for that, is yet to hear of it (D3.2).
      if (byAnybody) this.#options.deadline.doubt();
    } catch (error) {
      if (isPoison(error)) return error;
      throw error;
    } finally {
      this.#begun = undefined;
    }
    this.#position = batch.at(-1)?.last ?? this.#position;
    const seconds = (performance.now() - begun.atMs) / 1_000;
    for (const listener of this.#batchListeners) listener({ changes: batch.length, seconds });
    this.#tell(batch, begun.lapses);
    return undefined;
  }

  #statementsOf(batch: readonly Waiting[]) {
    const fence = {
      epoch: this.epoch,
      previous: this.#position,
      last: batch.at(-1)?.last ?? this.#position,
      clockMs: this.clock.nowMs(),
    };
    const changes = batch.map((each) => each.change);
    return statementsOf(changes, fence);
  }

  /**
   * A deadline that passed while the commit was under way, and be it renewed by now: it is done, but not ours to say so, neither to clients nor to memory, from where other servers
   * and pushers hear of it. Nor is it once that is renewed, since what withheld it may have been that strangers confirmed (D3.2); so the next commit says it, an
   * empty one: whoever confirms that has this.
   */
  #tell(batch: readonly Waiting[], lapses: number) {
    this.#untold.push(...batch);
    const { deadline } = this.#options;
    if (!deadline.mayAnswer() || deadline.lapses !== lapses) return;
    const told = this.#untold.splice(0);
    this.#isNotWithheld();
    try {
      this.#remember(told);
    } catch (error) {
      // Memory that has not followed must tell nobody anything: the writer ends.
      for (const each of told) each.reject(new OutcomeUnknown(UNHEARD, { cause: error }));
      throw error;
    }
    for (const each of told) each.resolve();
  }

  #remember(told: readonly Waiting[]) {
    this.#told = told.at(-1)?.last ?? this.#told;
    const records = told.flatMap(({ change }) => change.records);
    const outcomes = told.flatMap(({ change }) => namesOf(change.outcome));
    if (records.length > 0) for (const listener of this.#committedListeners) listener(records);
    if (outcomes.length > 0) for (const listener of this.#outcomeListeners) listener(outcomes);
  }

  #end(reason: Error) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#turnAway(reason);
    this.#options.onEnd(reason);
  }

  #turnAway(reason: Error) {
    const told = this.#untold.splice(0);
    try {
      // Memory follows what is done, also where nobody is told: what it lets in may be gone (a logout).
      this.#remember(told);
    } catch (error) {
      // Those who wait are told all the same, and so is the program, which says why it ends.
      firstCauseOf(reason).cause = error;
    }
    for (const each of told)
      each.reject(new OutcomeUnknown('The writer lost its commit', { cause: reason }));
    for (const each of this.#queue.takeAll()) {
      each.reject(new NotWriter('This server is no longer the writer', { cause: reason }));
    }
  }
}

const firstCauseOf = (error: Error): Error =>
  error.cause instanceof Error ? firstCauseOf(error.cause) : error;

const UNHEARD = 'It is committed, and this server cannot follow it';
const PASSED = 'the deadline passed while the commit was under way';

type Refusal = RefusedBySql | NotEncodable;
