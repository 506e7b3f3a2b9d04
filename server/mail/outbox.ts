import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { commitRows } from '../log/commit-rows.ts';
import { Rounds } from '../log/rounds.ts';
import type { Stored } from '../log/stored.ts';
import { lastExpiry, type Mail, mailRow, mailsSince, waitingMails } from '../storage/mail/mails.ts';
import type { Row } from '../storage/write.ts';

/** What is written in a mail. */
export interface Text {
  readonly subject: string;
  readonly text: string;
}

/** The way out. Every wait in it has a limit. */
export interface Transport {
  /** Resolves when another server has taken it upon itself. Throws `RefusedForGood`, `RefusedForNow`, or whatever stops all others, too. */
  send(mail: Text & { readonly id: string; readonly to: string }): Promise<void>;
  close(): void;
}

/** This mail will never be taken. */
export class RefusedForGood extends Error {
  override readonly name = 'RefusedForGood';
}

/** This mail is not taken yet; others may be. */
export class RefusedForNow extends Error {
  override readonly name = 'RefusedForNow';
}

export type Fate = 'sent' | 'refused' | 'later' | 'failed';

export interface OutboxPorts {
  readonly stored: Pick<Stored, 'database' | 'now'> & {
    readonly log: Pick<Stored['log'], 'commit' | 'mayAnswer'>;
  };
  readonly transport: Transport;
  readonly textOf: (kind: string, about: object) => Text;
  readonly onError: (error: unknown) => void;
  /** To all people together, of what strangers can have sent. */
  readonly perHourMax: number;
  /** Of each try, for metrics. */
  readonly onFate?: (fate: Fate) => void;
  /** After so many tries on end in which the other server could not be reached. */
  readonly pauseMs?: (failures: number) => number;
}

/** Nothing in a mail is of use any longer than this; also, how long it counts. */
const KEPT_MS = 24 * 60 * 60_000;
const AT_ONCE = 5;
/** Of those whose time has come. */
const CHOSEN_FROM = 1_000;
const PAUSE_MS_MAX = 5 * 60_000;
const WITHHELD_MS = 1_000;
const AGAIN_MS_MAX = 60 * 60_000;
const CLOSE_MS_MAX = 1_000;

/** What strangers can have sent to somebody. */
const COUNTED_MS = 60 * 60_000;
const COUNT_MAX = 5;
/** Of what goes out to all together, the part that is kept for those who have an account and no way into it. */
const KEPT_PART = 1 / 4;

/** Nobody asked for it. */
const NOTICES = ['password-changed'];
/** Asked for as any other, and not sent. */
const WITHHELD = 'withheld';

/**
 * E-mails, sent behind the commit of what they tell of, at least once. The table is the queue, and not a cursor over it
 * (`log/outward.ts`): a server that says "later" for one address must not hold up all that is written to others.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #rounds: Rounds;
  readonly #stop = new AbortController();
  /** They are out, and it could not be noted. */
  readonly #sent = new Set<string>();
  /** How often the other server has failed at a mail. It may be the mail's fault: those without come first. */
  readonly #failuresAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #isThere = false;
  #failures = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds({
      isThere: () => this.#isThere && !this.#stop.signal.aborted,
      round: () => this.#round(),
    });
  }

  /** By the writer, behind its takeover: what the one before had to send goes on. */
  begin(): void {
    this.wake();
  }

  wake(): void {
    this.#isThere = true;
    this.#rounds.wake();
  }

  /** To be put into the change of what it tells of; `wake` behind that. */
  row(recipient: string, kind: string, about: object): Row {
    return mailRow(this.#mail(recipient, kind, about));
  }

  /** In place of one that is not sent: it counts for its recipient alone. */
  withheldRow(recipient: string): Row {
    const mail = this.#mail(recipient, WITHHELD, {});
    return mailRow({ ...mail, doneMs: mail.createdMs });
  }

  /**
   * Whom strangers have written to as often as they may is left in peace for so long; and where all together have written as
   * often as they may, everybody: a mail server that sends what anybody wants is soon one whose mail nobody takes. `ofKept`: as far
   * as the part goes that is kept. To be asked, and to put the row in, by one at a time.
   */
  async waitMs(recipient: string, { ofKept = false } = {}): Promise<number> {
    const { stored, perHourMax } = this.#ports;
    const nowMs = stored.now();
    const sinceMs = nowMs - COUNTED_MS;
    const allMax = ofKept ? perHourMax : perHourMax - Math.floor(perHourMax * KEPT_PART);
    const [toThem, toAll] = await Promise.all([
      mailsSince(stored.database, { recipient, sinceMs, count: COUNT_MAX, but: NOTICES }),
      lastExpiry(stored.database, {
        ...{ sinceMs: sinceMs + KEPT_MS, count: allMax, but: [...NOTICES, WITHHELD] },
      }),
    ]);
    const waits = [toThem, toAll === undefined ? undefined : toAll - KEPT_MS];
    return Math.max(0, ...waits.map((first) => (first ?? 0) + COUNTED_MS - nowMs));
  }

  /** What is under way may come again from the next writer: it is not waited for long. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await Promise.race([this.#rounds.asleep(), sleep(CLOSE_MS_MAX, undefined, { ref: false })]);
    this.#ports.transport.close();
  }

  #mail(recipient: string, kind: string, about: object): Mail {
    const nowMs = this.#ports.stored.now();
    const times = { createdMs: nowMs, nextTryMs: nowMs, doneMs: null, expiresMs: nowMs + KEPT_MS };
    const id = randomBytes(12).toString('base64url');
    return { id, recipient, kind, about: JSON.stringify(about), tries: 0, ...times };
  }

  async #round(): Promise<void> {
    this.#isThere = false;
    clearTimeout(this.#timer);
    try {
      const { database, log, now } = this.#ports.stored;
      const nowMs = now();
      const waiting = await waitingMails(database, { nowMs, limit: CHOSEN_FROM });
      const due = waiting.filter(({ nextTryMs }) => nextTryMs <= nowMs);
      const next = waiting[0]?.nextTryMs;
      // What was read may be that which nobody may be told of: the writer is at its end, or past its deadline.
      if (!log.mayAnswer()) return this.#wakeIn(WITHHELD_MS);
      if (due.length === 0) return next === undefined ? undefined : this.#wakeIn(next - nowMs);
      await this.#sendAll(this.#mostLikely(due));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Else a few at which the other server hangs, or hangs up, would be in front of all others until they are too old. */
  #mostLikely(due: readonly Mail[]): readonly Mail[] {
    const ids = new Set(due.map(({ id }) => id));
    for (const id of this.#failuresAt.keys()) if (!ids.has(id)) this.#failuresAt.delete(id);
    return due
      .toSorted((one, other) => this.#failuresOf(one) - this.#failuresOf(other))
      .slice(0, AT_ONCE);
  }

  #failuresOf({ id }: Mail): number {
    return this.#failuresAt.get(id) ?? 0;
  }

  async #sendAll(mails: readonly Mail[]): Promise<void> {
    const ends = await Promise.allSettled(mails.map((mail) => this.#send(mail)));
    const failed = ends.flatMap((end, index) =>
      end.status === 'rejected' ? [{ mail: mails[index]!, reason: end.reason as unknown }] : [],
    );
    for (const { mail } of failed) this.#failuresAt.set(mail.id, this.#failuresOf(mail) + 1);
    const [first] = failed;
    if (first && failed.length === mails.length) throw first.reason;
    if (first) this.#told(first.reason);
    this.#failures = 0;
    this.#isThere = true;
  }

  async #send(mail: Mail): Promise<void> {
    const { stored, onFate } = this.#ports;
    const fate = await this.#fateOf(mail);
    onFate?.(fate);
    await commitRows(stored.log, [mailRow(noted(mail, fate, stored.now()))]);
    this.#sent.delete(mail.id);
  }

  /** Throws what stops all others, too. */
  async #fateOf({ id, recipient, kind, about }: Mail): Promise<Exclude<Fate, 'failed'>> {
    if (this.#sent.has(id)) return 'sent';
    const { transport, textOf, onError } = this.#ports;
    try {
      await transport.send({ id, to: recipient, ...textOf(kind, JSON.parse(about) as object) });
      this.#sent.add(id);
      return 'sent';
    } catch (error) {
      if (!(error instanceof RefusedForGood || error instanceof RefusedForNow)) throw error;
      onError(error);
      return error instanceof RefusedForGood ? 'refused' : 'later';
    }
  }

  #failed(error: unknown) {
    if (this.#stop.signal.aborted) return;
    const { pauseMs = growing } = this.#ports;
    this.#told(error);
    this.#failures += 1;
    this.#isThere = false;
    this.#wakeIn(pauseMs(this.#failures));
  }

  #told(error: unknown) {
    const { onError, onFate } = this.#ports;
    onError(error);
    onFate?.('failed');
  }

  #wakeIn(ms: number) {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(ms, AGAIN_MS_MAX)).unref();
  }
}

function noted(mail: Mail, fate: Fate, nowMs: number): Mail {
  if (fate !== 'later') return { ...mail, doneMs: nowMs };
  const againMs = Math.min(AGAIN_MS_MAX, 60_000 * 2 ** mail.tries);
  return { ...mail, tries: mail.tries + 1, nextTryMs: nowMs + againMs };
}

const growing = (failures: number) => Math.min(PAUSE_MS_MAX, 500 * 2 ** Math.min(failures, 10));
