import { Rounds } from '../../log/rounds.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { Away } from './away.ts';
import { type BackOff, backOff } from './back-off.ts';
import type { Step } from './catch-up.ts';
import type { Beginning, DestinationPorts } from './destination-ports.ts';
import type { Pdu } from './pdu.ts';
import type { Standing } from './places.ts';
import { type Bundle, Post } from './post.ts';
import { eduNamed, isOfContent, notTaken } from './refusal.ts';
import { SaidAgain } from './said-again.ts';
import {
  type Complaints,
  EDUS_MAX,
  PDU_BYTES_MAX,
  PDUS_MAX,
  type Transaction,
  upToBytes,
} from './transaction.ts';

/** What is under way, or is sent again as it is, until it was taken. */
interface Batch {
  readonly transaction: Transaction;
  readonly pdus: readonly Pdu[];
  readonly bundle: Bundle;
  /** Of a server that catches up; undefined for what came by the queue. */
  readonly step: (Step & { readonly upTo: number }) | undefined;
}

/** Who is in a hurry to be tried again shall not be tried all the time. */
const HEARD_PAUSE_MS = 1_000;

/**
 * Another server, and what it is still to get: one transaction at a time. While it keeps up that waits here, in order.
 * Where it does not, only its rooms are noted, in the database, and it catches up from there.
 */
export class Destination {
  readonly name: ServerName;
  readonly #ports: DestinationPorts;
  readonly #rounds: Rounds;
  readonly #post: Post;
  readonly #again: SaidAgain;
  readonly #away: Away;
  #queue: Pdu[] = [];
  #batch: Batch | undefined;
  /** Rooms that are noted although they still wait here. */
  readonly #noted = new Set<number>();
  #isBehind: boolean;
  /** Given while a step is under way. */
  #since: Set<number> | undefined;
  #state: BackOff;
  #attemptedMs = 0;
  #isToGreet: boolean;
  /** An EDU that must arrive was left for it since this server writes, and was not looked for yet. */
  #isPosted = false;
  #hurry: AbortController | undefined;
  #isKnown: boolean;
  #pdusMax = PDUS_MAX;
  #edusMax = EDUS_MAX;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    name: ServerName,
    ports: DestinationPorts,
    { isKnown, isBehind, hasPost, isGreeted, failures, retryAtMs }: Beginning,
  ) {
    this.name = name;
    this.#ports = ports;
    this.#isKnown = isKnown;
    this.#isBehind = isBehind;
    this.#isToGreet = isGreeted;
    this.#post = new Post(name, ports.post, hasPost);
    this.#state = { failures, retryAtMs };
    this.#away = new Away({ failures });
    const { bounds, now } = ports;
    const due = () => this.wake();
    this.#again = new SaidAgain({ pausesMs: bounds.saidAgainMs, now, due });
    this.#rounds = new Rounds({
      isThere: () =>
        ports.mayBegin() && !this.#isClosed && this.#timer === undefined && this.isBusy,
      round: () => this.#round(),
    });
    if (failures > 0 && !isGreeted) this.#sleep();
  }

  get isBusy(): boolean {
    const isOwed = this.#isBehind || this.#queue.length > 0 || this.#post.isThere;
    return isOwed || this.#again.isDue || this.#isToGreet || this.#batch !== undefined;
  }

  give(pdu: Pdu): void {
    if (this.#isBehind) this.#note(pdu);
    else this.#hold(pdu);
    if (this.#hurry && this.#isAwaited) this.#hurry.abort();
    this.wake();
  }

  #hold(pdu: Pdu): void {
    const { bounds, held } = this.#ports;
    this.#queue.push(pdu);
    held.hold(pdu);
    if (this.#queue.length > bounds.queueMax || held.isFullFor(this.#state)) this.#fallBehind();
  }

  /** EDUs lie in the database for it. */
  posted(): void {
    this.#post.posted();
    this.#isPosted = true;
    this.#hurry?.abort();
    this.wake();
  }

  /** An EDU in place of what has the same key; for a server that does not answer, what is worth telling late. */
  pass(key: string, text: string): void {
    if (this.#state.failures <= this.#ports.bounds.heldFailuresMax) this.#post.pass(key, text);
    else if (this.#isMissed) this.#post.passLater(key, text);
    this.wake();
  }

  /** It was there until lately, and may be there again in a moment. */
  get #isMissed(): boolean {
    return this.#isKnown && this.#away.isLately(this.#ports.now());
  }

  wake(): void {
    this.#rounds.wake();
  }

  /** It asked something of us, so it is there. */
  heard(): void {
    this.#isKnown = true;
    this.#away.isThere();
    if (this.#timer === undefined || this.#isClosed) return;
    const pausedMs = this.#ports.now() - this.#attemptedMs;
    this.#state = { failures: 1, retryAtMs: this.#ports.now() + HEARD_PAUSE_MS - pausedMs };
    this.#sleep();
  }

  /** It did not answer, and is asked again when the pause is over. */
  get isPaused(): boolean {
    return this.#timer !== undefined && this.#state.failures > 0;
  }

  /** Ends the pause, and with it what its length came from. False where there is none. */
  tryNow(): boolean {
    if (!this.isPaused) return false;
    this.#state = { failures: 1, retryAtMs: this.#ports.now() };
    this.#sleep();
    return true;
  }

  /** Notes what was given up to here and was not taken yet: then nobody need remember it. */
  noteUpTo(position: number): void {
    if (this.#isBehind) return;
    for (const pdu of this.#waiting()) {
      if (pdu.position > position) return;
      if (this.#noted.has(pdu.roomNid)) continue;
      this.#noted.add(pdu.roomNid);
      this.#note(pdu);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#post.forgetPassing();
    this.#again.close();
  }

  *#waiting(): Generator<Pdu> {
    if (this.#batch && !this.#batch.step) yield* this.#batch.pdus;
    yield* this.#queue;
  }

  #note({ roomNid, position }: Pdu): void {
    this.#ports.lacks.note(this.name, { roomNid, after: position - 1 });
    this.#since?.add(roomNid);
  }

  #fallBehind(): void {
    for (const pdu of this.#waiting()) {
      this.#note(pdu);
      // Else a later event of it overtook these, and nobody would look for them.
      this.#again.letGo(pdu.roomNid);
    }
    this.#ports.held.letGo(this.#queue);
    this.#queue = [];
    this.#noted.clear();
    this.#isBehind = true;
  }

  /** What is sent is read when it is its turn: however many servers catch up, only so much is in memory. */
  async #round(): Promise<void> {
    // Before a place is taken: those that keep up do not wait for it.
    if ((this.#isBehind || this.#isToGreet) && !this.#isAwaited) await this.#leisure();
    await this.#ports.places.run(this.name, this.#standing, () => this.#roundInPlace());
  }

  /** Somebody said it just now, and waits for it: not what lies there since before. */
  get #isAwaited(): boolean {
    return this.#isPosted || !this.#waiting().next().done;
  }

  async #leisure(): Promise<void> {
    this.#hurry = new AbortController();
    await this.#ports.leisure.turn(this.#hurry.signal);
    this.#hurry = undefined;
  }

  get #standing(): Standing {
    if (!this.#isKnown) return 'unknown';
    return this.#state.failures > 0 ? 'failing' : 'prompt';
  }

  async #roundInPlace(): Promise<void> {
    if (this.#isClosed) return;
    // Else each would read a batch and keep it, while nothing may be sent.
    if (!this.#ports.maySend()) return this.#pause();
    try {
      this.#batch ??= await this.#nextBatch();
      if (this.#batch) await this.#try(this.#batch);
    } catch (error) {
      // Not theirs: our own database.
      this.#ports.onError(error);
      this.#pause();
    }
  }

  async #nextBatch(): Promise<Batch | undefined> {
    if (this.#again.isDue && this.#again.begin()) this.#fallBehind();
    this.#isPosted = false;
    const bundle = await this.#post.next(this.#edusMax);
    const batch = this.#isBehind ? await this.#lackingWith(bundle) : this.#waitingWith(bundle);
    const { pdus, edus } = batch.transaction;
    if (pdus.length + edus.length > 0 || this.#isToGreet) return batch;
    // What it was to be sent alone is no longer there: else what waits beside it would wait for ever.
    this.#lookWhole();
    this.#took(batch);
    if (!this.#isKnown && !this.isBusy) this.#ports.idleUnknown(this.name);
    return undefined;
  }

  #waitingWith(bundle: Bundle): Batch {
    const next = this.#queue.slice(0, this.#pdusMax);
    const { length } = upToBytes(next, ({ bytes }) => bytes, PDU_BYTES_MAX);
    return this.#batchOf(this.#queue.splice(0, length), bundle);
  }

  async #lackingWith(bundle: Bundle): Promise<Batch> {
    const since = new Set<number>();
    this.#since = since;
    try {
      await this.#ports.writeDown();
      const upTo = this.#ports.given();
      const range = { upTo, pdusMax: this.#pdusMax, except: this.#again.waiting };
      const step = await this.#ports.nextStep(this.name, range);
      if (step) return { ...this.#batchOf(step.pdus, bundle), step: { ...step, upTo } };
    } catch (error) {
      this.#post.putBack(bundle);
      throw error;
    }
    this.#since = undefined;
    this.#isBehind = since.size > 0;
    return this.#batchOf([], bundle);
  }

  #batchOf(pdus: readonly Pdu[], bundle: Bundle): Batch {
    const edus = [
      ...bundle.posted.map(({ json }) => json),
      ...bundle.passing.map(([, text]) => text),
    ];
    const txnId = this.#ports.newTxnId();
    const texts = pdus.map(({ text }) => text);
    return { pdus, bundle, step: undefined, transaction: { txnId, pdus: texts, edus } };
  }

  async #try(batch: Batch): Promise<void> {
    if (!this.#ports.maySend()) return this.#pause();
    let complaints: Complaints;
    try {
      this.#attemptedMs = this.#ports.now();
      complaints = await this.#sent(batch);
    } catch (error) {
      return this.#isClosed ? undefined : await this.#failed(batch, error);
    }
    if (this.#isClosed) return;
    this.#answered();
    this.#took(batch, complaints);
  }

  /** What of it is not taken, of which the operator is told. */
  async #sent({ pdus, transaction }: Batch): Promise<Complaints> {
    const { send, reports } = this.#ports;
    const complaints = await send(this.name, transaction);
    const message = notTaken(this.name, pdus, complaints);
    if (message !== undefined) reports.of(this.name, message);
    return complaints;
  }

  /** No longer for what it is that they will not have. */
  #lookWhole(): void {
    this.#pdusMax = PDUS_MAX;
    this.#edusMax = EDUS_MAX;
  }

  #answered(): void {
    this.#lookWhole();
    this.#isToGreet = false;
    this.#isKnown = true;
    this.#away.isThere();
    this.#state = { failures: 0, retryAtMs: 0 };
    this.#ports.attempted(this.name, this.#state);
  }

  #took({ step, pdus, bundle }: Batch, complaints: Complaints = []): void {
    this.#batch = undefined;
    this.#post.taken(bundle);
    const lacking = this.#again.lacking(pdus, complaints);
    if (step) this.#tookStep(step, lacking);
    else this.#tookWaiting(pdus, lacking);
  }

  #tookWaiting(pdus: readonly Pdu[], lacking: ReadonlyMap<number, number>): void {
    this.#ports.held.letGo(pdus);
    if (this.#isBehind) return;
    for (const [roomNid, after] of lacking) {
      this.#ports.lacks.note(this.name, { roomNid, after });
      this.#noted.add(roomNid);
    }
    for (const { roomNid } of pdus) if (!lacking.has(roomNid)) this.#tookOf(roomNid);
  }

  #tookOf(roomNid: number): void {
    if (!this.#noted.has(roomNid) || this.#queue.some((each) => each.roomNid === roomNid)) return;
    this.#noted.delete(roomNid);
    this.#ports.lacks.gone(this.name, roomNid);
  }

  #tookStep({ left }: Step, lacking: ReadonlyMap<number, number>): void {
    const since = this.#since;
    this.#since = undefined;
    for (const { isAll, ...lack } of left) {
      const { lacks } = this.#ports;
      const again = lacking.get(lack.roomNid);
      if (again !== undefined) {
        lacks.set(this.name, { ...lack, after: again });
        this.#noted.add(lack.roomNid);
      } else if (isAll && !since?.has(lack.roomNid)) lacks.gone(this.name, lack.roomNid);
      else lacks.set(this.name, lack);
    }
  }

  async #failed(batch: Batch, error: unknown): Promise<void> {
    if (isOfContent(error)) return this.#refused(batch, error);
    this.#sleepAfter(error);
  }

  /** Nothing is held for a server that is away: it will be told from the tables. */
  #letGo(): void {
    if (!this.#isBehind && this.#isOwedEvents) this.#fallBehind();
    if (this.#batch) this.#post.putBack(this.#batch.bundle);
    if (this.#batch && !this.#batch.step) this.#ports.held.letGo(this.#batch.pdus);
    if (this.#isMissed) this.#post.keepForLater();
    else this.#post.forgetPassing();
    this.#batch = undefined;
    this.#since = undefined;
    this.#isToGreet = false;
  }

  get #isOwedEvents(): boolean {
    return this.#queue.length + (this.#batch?.pdus.length ?? 0) > 0;
  }

  /** By halves, until it is known what it is that they will not have in any company. */
  async #refused(batch: Batch, error: unknown): Promise<void> {
    const { pdus, edus } = batch.transaction;
    if (pdus.length + edus.length <= 1) return this.#dropped(batch, error);
    this.#pdusMax = Math.max(1, Math.ceil(pdus.length / 2));
    this.#edusMax = pdus.length === 0 ? Math.ceil(edus.length / 2) : 0;
    this.#batch = undefined;
    this.#since = undefined;
    this.#post.putBack(batch.bundle);
    if (batch.step) return;
    if (this.#isBehind) this.#ports.held.letGo(batch.pdus);
    else this.#queue.unshift(...batch.pdus);
  }

  /**
   * But whoever refuses even a transaction without anything is not asked about an event. And what was refused a moment
   * before, by a server that was just about to come back, is tried once more.
   */
  async #dropped(batch: Batch, error: unknown): Promise<void> {
    const { newTxnId, send } = this.#ports;
    try {
      await send(this.name, { txnId: newTxnId(), pdus: [], edus: [] });
    } catch (another) {
      this.#sleepAfter(another);
      return;
    }
    let complaints: Complaints;
    try {
      complaints = await this.#sent(batch);
    } catch (again) {
      if (isOfContent(again)) return this.#leftOut(batch, error);
      this.#sleepAfter(again);
      return;
    }
    this.#answered();
    this.#took(batch, complaints);
  }

  #leftOut(batch: Batch, error: unknown): void {
    const culprit = batch.pdus[0]?.eventId ?? eduNamed(batch.transaction.edus[0]!);
    const message = `${this.name} refuses a transaction for ${culprit}, which is left out`;
    this.#ports.reports.of(this.name, message, error);
    this.#answered();
    this.#took(batch);
  }

  #sleepAfter(error: unknown): void {
    const { now, random, bounds } = this.#ports;
    const askedMs = error instanceof MatrixError ? error.fields.retry_after_ms : undefined;
    this.#away.failed(now());
    this.#state = backOff(this.#state.failures + 1, {
      ...{ now: now(), random: random(), firstPauseMs: bounds.firstPauseMs },
      askedMs: typeof askedMs === 'number' ? askedMs : undefined,
      pauseMsMax: this.#isKnown ? this.#away.pauseMsMax(error, now()) : undefined,
    });
    this.#ports.attempted(this.name, this.#state);
    if (this.#state.failures > bounds.heldFailuresMax) this.#letGo();
    this.#sleep();
  }

  /** It lies with us. */
  #pause(): void {
    this.#state = { ...this.#state, retryAtMs: this.#ports.now() + HEARD_PAUSE_MS };
    this.#sleep();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const pauseMs = Math.max(0, this.#state.retryAtMs - this.#ports.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, pauseMs);
    this.#timer.unref();
  }
}
