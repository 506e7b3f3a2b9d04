import { BATCH_BYTES_MAX, BATCH_CHANGES_MAX, bytesOf, FENCE_INDEX, statementsOf } from './batch.ts';
import type { Change, PlacedRecord } from './change.ts';
import { NotEncodable } from './column.ts';
import type { Deadline } from './deadline.ts';
import { BuiltOnRefused, type Log, NotWriter, OutcomeUnknown, RefusedForData } from './log.ts';
import { RefusedBySql, type WriterConnection } from './writer-connection.ts';

export interface WriterOptions {
  readonly connection: WriterConnection;
  readonly epoch: number;
  /** The last committed position, from which this epoch goes on. */
  readonly position: number;
  readonly deadline: Deadline;
  /** A writer that lost its epoch or does not know an outcome is at an end; the program ends with it. */
  readonly onEnd: (reason: Error) => void;
  readonly onBatch?: ((batch: { changes: number; seconds: number }) => void) | undefined;
}

/** Beyond it a change is turned away as certainly not executed; the front holds it. */
const WAITING_MAX = 20_000;

interface Waiting {
  readonly change: Change;
  readonly bytes: number;
  /** The last position that was handed out when this change was built. */
  readonly last: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Group commit (D1): gathers the changes of all requests, and has one batch in flight at a time. */
export class Writer implements Log {
  readonly epoch: number;
  readonly #options: WriterOptions;
  readonly #committedListeners: ((records: readonly PlacedRecord[]) => void)[] = [];
  readonly #refusedListeners: ((touches: ReadonlySet<string>) => void)[] = [];
  #waiting: Waiting[] = [];
  #handedOut: number;
  #position: number;
  #running = false;
  #ended: Error | undefined;
  #closing = false;
  #idle: (() => void)[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.#position = options.position;
    this.#handedOut = options.position;
    options.deadline.onRenewed(() => this.#start());
  }

  get committed() {
    return { epoch: this.epoch, position: this.#position };
  }

  mayAnswer(): boolean {
    return this.#ended === undefined && this.#options.deadline.mayAnswer();
  }

  onCommitted(listener: (records: readonly PlacedRecord[]) => void) {
    this.#committedListeners.push(listener);
  }

  onRefused(listener: (touches: ReadonlySet<string>) => void) {
    this.#refusedListeners.push(listener);
  }

  async commit<T>(build: (position: () => number) => { change: Change; value: T }): Promise<T> {
    if (this.#ended || this.#closing) throw new NotWriter('This server is no longer the writer');
    if (this.#waiting.length >= WAITING_MAX) throw new NotWriter('Too many changes are waiting');
    const { change, value } = build(this.#nextPosition);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({
        change,
        bytes: bytesOf(change),
        last: this.#handedOut,
        resolve,
        reject,
      });
      this.#start();
    });
    return value;
  }

  /** Takes no more changes, commits those it has, and lets the connection go. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
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

  /** At the end of this turn of the event loop: what arrived in one read of the sockets goes together. */
  #start() {
    if (this.#running || this.#waiting.length === 0) return;
    this.#running = true;
    setImmediate(() => {
      void this.#run().finally(() => {
        this.#running = false;
        for (const resolve of this.#idle.splice(0)) resolve();
      });
    });
  }

  /** Past its deadline the writer begins no batch: the changes wait for a renewal, or for the end. */
  async #run() {
    while (this.#waiting.length > 0 && this.#options.deadline.mayAnswer()) {
      const batch = this.#take();
      try {
        await this.#commitBatch(batch);
      } catch (error) {
        for (const each of batch) each.reject(rejectionOf(error));
        this.#end(error as Error);
      }
    }
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < BATCH_CHANGES_MAX) {
      bytes += this.#waiting[count]!.bytes;
      if (count > 0 && bytes > BATCH_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commitBatch(batch: readonly Waiting[]) {
    try {
      await this.#write(batch);
    } catch (error) {
      if (!isPoison(error)) throw error;
      await this.#oneByOne(batch);
    }
  }

  /** One request in here is poison. Whoever is refused alone is it; the others have done nothing wrong. */
  async #oneByOne(batch: readonly Waiting[]) {
    let rest = [...batch];
    for (let next = rest.shift(); next; next = rest.shift()) {
      try {
        await this.#write([next]);
      } catch (error) {
        if (!isPoison(error)) throw error;
        rest = this.#refuse(next, error, rest);
      }
    }
  }

  /** Refuses the poison and all that was built on it; answers what is left of the batch. */
  #refuse(poison: Waiting, cause: Error, rest: readonly Waiting[]): Waiting[] {
    const touches = new Set(poison.change.touches);
    const stays = (each: Waiting) => {
      if (!each.change.touches.some((key) => touches.has(key))) return true;
      for (const key of each.change.touches) touches.add(key);
      each.reject(new BuiltOnRefused('Built on a change that the database refused'));
      return false;
    };
    const left = rest.filter(stays);
    this.#waiting = this.#waiting.filter(stays);
    for (const listener of this.#refusedListeners) listener(touches);
    poison.reject(new RefusedForData('The database refuses these data', { cause }));
    return left;
  }

  async #write(batch: readonly Waiting[]) {
    const last = batch.at(-1)!.last;
    const fence = { epoch: this.epoch, previous: this.#position, last };
    const begin = performance.now();
    await this.#options.connection.transaction(
      statementsOf(
        batch.map((each) => each.change),
        fence,
      ),
    );
    this.#position = last;
    this.#options.onBatch?.({
      changes: batch.length,
      seconds: (performance.now() - begin) / 1_000,
    });
    this.#tell(batch);
  }

  #tell(batch: readonly Waiting[]) {
    const records = batch.flatMap((each) => each.change.records);
    if (records.length > 0) for (const listener of this.#committedListeners) listener(records);
    // A deadline that passed while the commit was under way: it is done, but not ours to say so.
    const mayAnswer = this.#options.deadline.mayAnswer();
    for (const each of batch) {
      if (mayAnswer) each.resolve();
      else each.reject(new OutcomeUnknown('The deadline passed before the commit was confirmed'));
    }
  }

  #end(reason: Error) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#turnAway(reason);
    this.#options.onEnd(reason);
  }

  #turnAway(reason: Error) {
    for (const each of this.#waiting.splice(0)) {
      each.reject(new NotWriter('This server is no longer the writer', { cause: reason }));
    }
  }
}

/** Data exceptions, violated constraints, limits of the program; and 42: a statement of ours is wrong. */
const POISON = new Set(['22', '23', '54', '42']);

function isPoison(error: unknown): error is Error {
  if (error instanceof NotEncodable) return true;
  return (
    error instanceof RefusedBySql &&
    error.index !== FENCE_INDEX &&
    POISON.has(error.sqlstate.slice(0, 2))
  );
}

/** A refusal is certain, so the request may run elsewhere; anything else nobody knows. */
function rejectionOf(error: unknown): Error {
  return error instanceof RefusedBySql
    ? new NotWriter('The writer is ending; this change was not executed', { cause: error })
    : new OutcomeUnknown('The writer lost its commit', { cause: error });
}
