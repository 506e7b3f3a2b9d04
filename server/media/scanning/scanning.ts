import { commitRows } from '../../log/commit-rows.ts';
import { Lru } from '../../log/lru.ts';
import type { Stored } from '../../log/stored.ts';
import { within } from '../../outward/within.ts';
import { forbidden, MatrixError } from '../../protocol/matrix-error.ts';
import type { Content, StoredMedia } from '../../storage/media/media.ts';
import { scannedRow } from '../../storage/media/scan.ts';
import { FairTurns } from '../turns/fair-turns.ts';
import { type Opinion, type Scanner, ScannerAway, Unscannable } from './scanner.ts';

export interface ScanningSettings {
  readonly scanner: Scanner;
  /** Files at once. */
  readonly atOnce: number;
  /** For one file, from its turn on. */
  readonly withinMs: number;
  /** Whether a file is given to people of which the scanner has said nothing. */
  readonly servesUnscanned: boolean;
}

export interface ScanningPorts {
  readonly stored: Pick<Stored, 'log' | 'now'>;
  readonly read: (content: Content) => AsyncIterable<Buffer>;
  readonly onError: (error: unknown) => void;
}

/** A file that is there. */
export type File = Pick<StoredMedia, 'mediaId' | 'userId'> & { readonly content: Content };

export type Asked = File & Pick<StoredMedia, 'scan' | 'isProtected'>;

interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type Verdict = Opinion | { readonly kind: 'none' };

const NONE: Verdict = { kind: 'none' };
const WAITING = { waiting: 2_000, waitingOfOne: 250 };
/** A scanner that is away is asked again behind this, and the operator is told each minute. */
const REST_MS = 10_000;
const TOLD_EVERY_MS = 60_000;
/** A file that cannot be scanned is tried again behind this, as far as it is remembered. */
const UNSCANNABLE_MS = 300_000;
const UNSCANNABLE_MAX = 10_000;

/**
 * What a scanner refuses is given to nobody. It is asked behind each upload, and else when somebody first wants the file;
 * what it says is committed before anybody acts on it, so each site and each later download is told the same.
 */
export class Scanning {
  readonly #ports: ScanningPorts;
  readonly #settings: ScanningSettings | undefined;
  readonly #turns: FairTurns;
  readonly #underWay = new Map<string, Promise<Verdict>>();
  readonly #unscannable = new Lru<string, number>(UNSCANNABLE_MAX);
  readonly #end = new AbortController();
  #restsUntilMs = 0;
  #toldUntilMs = 0;

  /** `settings`: undefined where nothing is scanned; what was found before is refused all the same. */
  constructor(ports: ScanningPorts, settings: ScanningSettings | undefined) {
    this.#ports = ports;
    this.#settings = settings;
    this.#turns = new FairTurns({ ...WAITING, atOnce: settings?.atOnce ?? 1 });
  }

  /** Nobody waits for it: who asks for the file does. */
  begin(file: File): void {
    if (this.#settings) void this.#verdictOf(file).catch((error: unknown) => this.#tell(error));
  }

  /** Throws what a client is to be told where the file is not to be given. */
  async admit({ scan, isProtected, ...file }: Asked, patience: Patience): Promise<void> {
    if (isProtected) return;
    if (scan?.found) throw refused();
    if (scan || !this.#settings) return;
    const { kind } = await this.#inTime(this.#verdictOf(file), patience);
    if (kind === 'found') throw refused();
    if (kind === 'none' && !this.#settings.servesUnscanned) throw notYet();
  }

  /** Of what stands in no table: whether it may be shown. */
  async mayShow(bytes: Buffer, who: string, signal: AbortSignal): Promise<boolean> {
    if (!this.#settings) return true;
    const { kind } = await this.#turns.run(who, () => this.#ask(inOne(bytes)), signal);
    return kind === 'clean' || (kind === 'none' && this.#settings.servesUnscanned);
  }

  close(): void {
    this.#end.abort(new Error('The server is ending'));
  }

  async #inTime(verdict: Promise<Verdict>, { timeoutMs, signal }: Patience): Promise<Verdict> {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await within(verdict, AbortSignal.any([late, signal]));
    } catch (error) {
      if (error === late.reason) return NONE;
      throw error;
    }
  }

  /** Asked once for all who wait, in a turn of whoever has uploaded it: what takes long holds up their own files. */
  #verdictOf(file: File): Promise<Verdict> {
    const { mediaId, userId } = file;
    const known = this.#underWay.get(mediaId);
    if (known) return known;
    if (this.#isHopeless(mediaId)) return Promise.resolve(NONE);
    const verdict = this.#turns
      .run(userId, () => this.#scan(file))
      .finally(() => this.#underWay.delete(mediaId));
    this.#underWay.set(mediaId, verdict);
    return verdict;
  }

  #isHopeless(mediaId: string): boolean {
    return (this.#unscannable.get(mediaId) ?? 0) > this.#ports.stored.now();
  }

  async #scan({ mediaId, content }: File): Promise<Verdict> {
    const { stored, read } = this.#ports;
    const verdict = await this.#ask(read(content), mediaId);
    if (verdict.kind === 'none') return verdict;
    const found = verdict.kind === 'found' ? verdict.what : null;
    await commitRows(stored.log, [scannedRow(mediaId, { scannedMs: stored.now(), found })]);
    return verdict;
  }

  async #ask(file: AsyncIterable<Buffer>, mediaId?: string): Promise<Verdict> {
    const { scanner, withinMs } = this.#settings!;
    if (this.#restsUntilMs > this.#ports.stored.now()) return NONE;
    const late = AbortSignal.timeout(withinMs);
    const signal = AbortSignal.any([late, this.#end.signal]);
    try {
      return await within(scanner.scan(file, signal), signal);
    } catch (error) {
      this.#end.signal.throwIfAborted();
      return this.#without(late.aborted ? tooSlow(withinMs) : error, mediaId);
    }
  }

  #without(error: unknown, mediaId: string | undefined): Verdict {
    const nowMs = this.#ports.stored.now();
    if (error instanceof ScannerAway) this.#restsUntilMs = nowMs + REST_MS;
    else if (!(error instanceof Unscannable)) throw error;
    else if (mediaId !== undefined) this.#unscannable.set(mediaId, nowMs + UNSCANNABLE_MS);
    this.#tell(new Error(`${whatIsSo(error, mediaId)} (key "scanning")`, { cause: error }));
    return NONE;
  }

  #tell(error: unknown): void {
    const nowMs = this.#ports.stored.now();
    if (this.#end.signal.aborted || error instanceof MatrixError || nowMs < this.#toldUntilMs)
      return;
    this.#toldUntilMs = nowMs + TOLD_EVERY_MS;
    this.#ports.onError(error);
  }
}

const whatIsSo = (error: Error, mediaId = 'a picture of a preview'): string =>
  error instanceof ScannerAway
    ? `No file is scanned: ${error.message}`
    : `The scanner says nothing of ${mediaId}: ${error.message}`;

const tooSlow = (ms: number) => new Unscannable(`it took more than ${ms / 1_000} s`);

const refused = (): MatrixError =>
  forbidden('This file is given to nobody: the scanner of this server has found something in it');

const notYet = (): MatrixError =>
  new MatrixError(504, 'M_NOT_YET_UPLOADED', 'This file has not been scanned yet');

async function* inOne(bytes: Buffer) {
  yield bytes;
}
