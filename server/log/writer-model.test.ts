import { setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import type { Write } from './change.ts';
import { LogClock } from './clock.ts';
import { Deadline } from './deadline.ts';
import { BuiltOnRefused, NotWriter, OutcomeUnknown, RefusedForData } from './log.ts';
import type { Statement } from './statement.ts';
import { Writer } from './writer.ts';
import { CommitUnknown, type Confirmed, RefusedBySql } from './writer-connection.ts';

type Deed =
  | { kind: 'push'; touches: string[]; isPoison: boolean }
  | { kind: 'answer' | 'stranger' | 'lose' | 'lapse' | 'renew' | 'close' | 'turn' };
/** What happens, and how many microtasks later the next thing does. */
type Step = Deed & { microtasks: number };

test('every change ends, in every order of what happens and of microtasks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
      const model = new Model();
      for (const step of steps) await model.take(step);
      await model.settle();
      model.check();
    }),
    { numRuns: 3_000 },
  );
});

// The hole that was there: between the last look at an empty queue and the clearing of a flag.
test.each([...Array(12).keys()])(
  'a change that comes %i microtasks after a commit was answered is committed without help',
  async (microtasks) => {
    const model = new Model();
    await model.take(push(0));
    await model.take({ kind: 'turn', microtasks: 0 });
    await model.take({ kind: 'answer', microtasks });
    await model.take(push(0));
    await model.settle();
    model.check();
  },
);

const push = (microtasks: number): Step => ({
  ...{ kind: 'push', touches: [], isPoison: false, microtasks },
});

const kindOnly = <K extends 'answer' | 'stranger' | 'lose' | 'lapse' | 'renew' | 'close' | 'turn'>(
  kind: K,
) => fc.record({ kind: fc.constant(kind), microtasks: fc.nat(12) });
const anyPush = fc.record({
  kind: fc.constant('push' as const),
  touches: fc.subarray(['room:a', 'room:b']),
  isPoison: fc.boolean(),
  microtasks: fc.nat(12),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: anyPush },
  { weight: 6, arbitrary: kindOnly('answer') },
  { weight: 1, arbitrary: kindOnly('stranger') },
  { weight: 5, arbitrary: kindOnly('turn') },
  { weight: 1, arbitrary: kindOnly('lapse') },
  { weight: 2, arbitrary: kindOnly('renew') },
  { weight: 1, arbitrary: kindOnly('lose') },
  { weight: 1, arbitrary: kindOnly('close') },
);

interface Pushed {
  readonly text: string;
  readonly isPoison: boolean;
  end: 'resolved' | Error | undefined;
}

/** The real writer on a database of ten lines, which answers when it is told to. */
class Model {
  readonly #pushed: Pushed[] = [];
  readonly #committed: string[] = [];
  readonly #listened: number[] = [];
  readonly #ends: Error[] = [];
  readonly #wrong: string[] = [];
  readonly #deadline = new Deadline(1, () => this.#nowMs);
  readonly #writer: Writer;
  #nowMs = 0;
  /** Of which a stranger makes two necessary. */
  #renewalsAwaited = 0;
  #isClosing = false;
  #inFlight:
    | { statements: readonly Statement[]; settle: PromiseWithResolvers<Confirmed> }
    | undefined;

  constructor() {
    this.#writer = new Writer({
      connection: {
        transaction: (statements) => this.#transaction(statements),
        rehearse: async (statements) => refuseThePoisonIn(statements),
        end: async () => {},
      },
      ...{ epoch: 1, position: 0, deadline: this.#deadline, nowMs: () => 0 },
      clock: new LogClock(0),
      onEnd: (reason) => this.#ends.push(reason),
    });
    this.#writer.onCommitted((records) => {
      this.#listened.push(...records.map(({ position }) => position));
    });
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'push') this.#push(step);
    if (step.kind === 'answer') this.#answer();
    if (step.kind === 'stranger') this.#answer({ byAnybody: true });
    if (step.kind === 'lose') this.#settleInFlight(new CommitUnknown('lost'));
    if (step.kind === 'lapse') this.#nowMs = Number.MAX_SAFE_INTEGER;
    if (step.kind === 'renew') this.#renew();
    if (step.kind === 'close') this.#close();
    if (step.kind === 'turn') await turn();
    for (let count = 0; count < step.microtasks; count++) await undefined;
  }

  /**
   * The database answers, and nothing else happens: a renewal that is not needed would wake the
   * writer, and one that is closed must do without.
   */
  async settle(): Promise<void> {
    while ((this.#nowMs > 0 || this.#renewalsAwaited > 0) && !this.#isClosing) this.#renew();
    for (let quiet = 0; quiet < 3; quiet++) {
      await turn();
      if (this.#inFlight) quiet = 0;
      this.#answer();
    }
  }

  check(): void {
    expect(this.#wrong).toEqual([]);
    for (const pushed of this.#pushed) {
      expect(pushed.end).toBeDefined();
      const isThere = this.#committed.includes(pushed.text);
      if (pushed.end === 'resolved') expect(isThere).toBe(true);
      else if (pushed.end instanceof OutcomeUnknown) expect(this.#ends).toHaveLength(1);
      else expect(isThere).toBe(false);
      if (pushed.end instanceof RefusedForData) expect(pushed.isPoison).toBe(true);
      if (pushed.end instanceof NotWriter)
        expect(this.#isClosing || this.#ends.length > 0).toBe(true);
      if (pushed.end instanceof BuiltOnRefused) expect(this.#committed).not.toContain(pushed.text);
    }
    const order = this.#pushed
      .map(({ text }) => text)
      .filter((text) => this.#committed.includes(text));
    expect(this.#committed).toEqual(order);
    expect(this.#listened).toEqual([...this.#listened].sort((a, b) => a - b));
    expect(this.#listened).toHaveLength(this.#committed.length);
  }

  #push({ touches, isPoison }: { touches: string[]; isPoison: boolean }) {
    const text = `${isPoison ? 'poison' : 'note'} ${this.#pushed.length};`;
    const pushed: Pushed = { text, isPoison, end: undefined };
    this.#pushed.push(pushed);
    this.#writer
      .commit((position) => ({
        change: {
          rows: [{ write: NOTE, values: [text] }],
          records: [
            { position: position(), record: { kind: 'device-list', userId: '@a:b' as never } },
          ],
          touches,
        },
        value: undefined,
      }))
      .then(
        () => {
          pushed.end = 'resolved';
        },
        (error: Error) => {
          pushed.end = error;
        },
      );
  }

  #transaction(statements: readonly Statement[]): Promise<Confirmed> {
    if (this.#inFlight) this.#wrong.push('two batches in flight');
    if (this.#ends.length > 0) this.#wrong.push('a batch of a writer that had ended');
    if (this.#nowMs > 0) this.#wrong.push('a batch that began past the deadline');
    if (this.#renewalsAwaited > 0) this.#wrong.push('a batch that began in doubt');
    const settle = Promise.withResolvers<Confirmed>();
    this.#inFlight = { statements, settle };
    return settle.promise;
  }

  #answer(confirmed: Confirmed = { byAnybody: false }) {
    if (!this.#inFlight) return;
    const { statements } = this.#inFlight;
    try {
      refuseThePoisonIn(statements);
    } catch (error) {
      return this.#settleInFlight(error as Error);
    }
    for (const [, text] of textIn(statements).matchAll(/((?:note|poison) \d+;)/g))
      this.#committed.push(text!);
    if (confirmed.byAnybody) this.#renewalsAwaited = 2;
    this.#settleInFlight(confirmed);
  }

  #settleInFlight(end: Confirmed | Error) {
    const settle = this.#inFlight?.settle;
    this.#inFlight = undefined;
    if (end instanceof Error) settle?.reject(end);
    else settle?.resolve(end);
  }

  #renew() {
    this.#nowMs = 0;
    this.#renewalsAwaited = Math.max(0, this.#renewalsAwaited - 1);
    this.#deadline.renew(1);
  }

  #close() {
    if (this.#isClosing) return;
    this.#isClosing = true;
    void this.#writer.close();
  }
}

const NOTE: Write = { name: 'note', table: 'note', sql: 'notes', types: ['text'] };

const textIn = (statements: readonly Statement[]): string =>
  statements
    .filter(({ name }) => name === NOTE.name)
    .flatMap(({ parameters }) => parameters.map((parameter) => parameter.toString('latin1')))
    .join('');

function refuseThePoisonIn(statements: readonly Statement[]) {
  if (!textIn(statements).includes('poison')) return;
  const said = Object.assign(new pg.DatabaseError('no', 2, 'error'), { code: '22021' });
  throw new RefusedBySql(said, NOTE.name);
}
