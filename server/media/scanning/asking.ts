import { ForAWhile } from '../../log/for-a-while.ts';
import { NotWriter } from '../../log/log.ts';
import { Lru } from '../../log/lru.ts';
import { within } from '../../outward/within.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type Opinion, type Scanner, ScannerAway, Unscannable } from './scanner.ts';

export interface AskingPorts {
  readonly scanner: Scanner;
  /** For one file. */
  readonly withinMs: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Wanted {
  readonly bytes: AsyncIterable<Buffer>;
  readonly sha256: Buffer;
  /** As the operator is told of it. */
  readonly name: string;
}

export type Verdict = Opinion | typeof NONE;

export const NONE = { kind: 'none' } as const;

/** A scanner that is away is asked again behind this, and the operator is told each minute. */
const REST_MS = 10_000;
const TOLD_EVERY_MS = 60_000;
/** A file that cannot be scanned is tried again behind this, as far as it is remembered. */
const UNSCANNABLE_MS = 300_000;
const UNSCANNABLE_MAX = 10_000;
/** Of an empty file. */
const WELL_WITHIN_MS = 5_000;

/**
 * Asks a scanner, and tells one that is away from a file of which it says nothing: by an empty one, which a scanner
 * that is well finds clean at once. Else whoever uploads what takes long would decide that it is away, and one that
 * hangs would be laid at the door of each file.
 */
export class Asking {
  readonly #ports: AskingPorts;
  /** By content: the same bytes under another id cost nothing. */
  readonly #unscannable: ForAWhile<string>;
  /** Behind these it was away, once. That is chance; twice it is the file. */
  readonly #suspected = new Lru<string, true>(UNSCANNABLE_MAX);
  readonly #end = new AbortController();
  #isInDoubt = false;
  #wellness: Promise<void> | undefined;
  #restsUntilMs = 0;
  #toldUntilMs = 0;

  constructor(ports: AskingPorts) {
    this.#ports = ports;
    this.#unscannable = new ForAWhile(UNSCANNABLE_MAX, ports.now);
  }

  /** Whether it is known that nothing would be said of it now. */
  isHopeless(sha256: Buffer): boolean {
    return this.#unscannable.has(keyOf(sha256));
  }

  /** Throws `NotWriter` where this ends meanwhile, and what `bytes` throws. */
  async ask(wanted: Wanted): Promise<Verdict> {
    this.#end.signal.throwIfAborted();
    if (this.#restsUntilMs > this.#ports.now() || this.isHopeless(wanted.sha256)) return NONE;
    try {
      if (this.#isInDoubt) await this.#mustBeWell();
      return await this.#scan(wanted.bytes, this.#ports.withinMs);
    } catch (error) {
      this.#end.signal.throwIfAborted();
      if (error instanceof ScannerAway) return this.#rest(error);
      if (error instanceof Unscannable) return this.#without(wanted, error);
      throw error;
    }
  }

  tell(error: unknown): void {
    const nowMs = this.#ports.now();
    if (this.#end.signal.aborted || error instanceof MatrixError || nowMs < this.#toldUntilMs)
      return;
    this.#toldUntilMs = nowMs + TOLD_EVERY_MS;
    this.#ports.onError(error);
  }

  close(): void {
    this.#end.abort(new NotWriter('The server is ending'));
  }

  async #scan(bytes: AsyncIterable<Buffer>, ms: number): Promise<Opinion> {
    const late = AbortSignal.timeout(ms);
    const signal = AbortSignal.any([late, this.#end.signal]);
    try {
      return await within(this.#ports.scanner.scan(bytes, signal), signal);
    } catch (error) {
      throw late.aborted ? new Unscannable(`it took more than ${ms / 1_000} s`) : error;
    }
  }

  async #without({ sha256, name }: Wanted, silence: Unscannable): Promise<Verdict> {
    const away = await this.#mustBeWell().catch((error: Error) => error);
    this.#end.signal.throwIfAborted();
    const key = keyOf(sha256);
    if (!away || this.#suspected.has(key)) this.#unscannable.add(key, UNSCANNABLE_MS);
    if (away) {
      this.#suspected.set(key, true);
      return this.#rest(new ScannerAway(`${silence.message}, and ${away.message}`));
    }
    const sentence = `The scanner says nothing of ${name}: ${silence.message} (key "scanning")`;
    this.tell(new Error(sentence, { cause: silence }));
    return NONE;
  }

  /** Once for all who ask meanwhile. */
  #mustBeWell(): Promise<void> {
    this.#wellness ??= this.#scan(nothing(), Math.min(this.#ports.withinMs, WELL_WITHIN_MS))
      .then((opinion) => {
        if (opinion.kind === 'found') throw new Error(`it finds ${opinion.what} there`);
      })
      .then(
        () => {
          this.#isInDoubt = false;
        },
        (cause: Error) => {
          this.#isInDoubt = true;
          throw new ScannerAway(`it does not say that an empty file is clean (${cause.message})`, {
            cause,
          });
        },
      )
      .finally(() => {
        this.#wellness = undefined;
      });
    return this.#wellness;
  }

  #rest(away: ScannerAway): Verdict {
    this.#restsUntilMs = this.#ports.now() + REST_MS;
    const sentence = `No file is scanned: ${away.message} (key "scanning")`;
    this.tell(new Error(sentence, { cause: away }));
    return NONE;
  }
}

const keyOf = (sha256: Buffer): string => sha256.toString('base64url');

async function* nothing(): AsyncGenerator<Buffer> {}
