import { createHash } from 'node:crypto';
import { commitRows } from '../../log/commit-rows.ts';
import { FairTurns } from '../../log/fair-turns.ts';
import { Lru } from '../../log/lru.ts';
import type { Stored } from '../../log/stored.ts';
import { within } from '../../outward/within.ts';
import { forbidden, MatrixError } from '../../protocol/matrix-error.ts';
import type { Content, StoredMedia } from '../../storage/media/media.ts';
import { scannedRow } from '../../storage/media/scan.ts';
import { Asking, NONE, type Verdict } from './asking.ts';
import type { Scanner } from './scanner.ts';

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

export type Asked = File & Pick<StoredMedia, 'scan' | 'isFalseAlarm'>;

interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Nobody's slow files keep all others waiting: the last place is for who has none under way. */
const TURNS = { keptForOthers: 1, waiting: 2_000, waitingOfOne: 250 };
const LATELY_MAX = 1_000;

/**
 * What a scanner refuses is given to nobody. It is asked behind each upload, and else when somebody first wants the file;
 * what it says is committed before anybody acts on it, so each site and each later download is told the same.
 */
export class Scanning {
  readonly #ports: ScanningPorts;
  readonly #servesUnscanned: boolean;
  /** Undefined where nothing is scanned. */
  readonly #asking: Asking | undefined;
  readonly #turns: FairTurns;
  readonly #underWay = new Map<string, Promise<Verdict>>();
  /** Who read the row before one of these was committed comes behind it. None is ever asked for anew. */
  readonly #lately = new Lru<string, Verdict>(LATELY_MAX);

  /** `settings`: undefined where nothing is scanned; what was found before is refused all the same. */
  constructor(ports: ScanningPorts, settings: ScanningSettings | undefined) {
    this.#ports = ports;
    this.#servesUnscanned = settings?.servesUnscanned ?? true;
    this.#asking = settings && new Asking({ ...ports, ...settings, now: ports.stored.now });
    this.#turns = new FairTurns({ ...TURNS, atOnce: settings?.atOnce ?? 1 });
  }

  /** Nobody waits for it: who asks for the file does. */
  begin(file: File): void {
    const asking = this.#asking;
    if (asking) void this.#verdictOf(file, asking).catch((error: unknown) => asking.tell(error));
  }

  /** Throws what a client is to be told where the file is not to be given. */
  async admit({ scan, isFalseAlarm, ...file }: Asked, patience: Patience): Promise<void> {
    if (scan?.found && !isFalseAlarm) throw refused();
    if (scan || !this.#asking) return;
    const { kind } = await inTime(this.#verdictOf(file, this.#asking), patience);
    if (kind === 'found') throw refused();
    if (kind === 'none' && !this.#servesUnscanned) throw notYet();
  }

  /** Of what stands in no table: whether it may be shown. */
  async mayShow(bytes: Buffer, who: string, signal: AbortSignal): Promise<boolean> {
    const asking = this.#asking;
    if (!asking) return true;
    const sha256 = createHash('sha256').update(bytes).digest();
    const wanted = { bytes: inOne(bytes), sha256, name: 'a picture of a preview' };
    const { kind } = await this.#turns.run(who, () => asking.ask(wanted), signal);
    return kind === 'clean' || (kind === 'none' && this.#servesUnscanned);
  }

  /** Who waits for a verdict is told that this is no writer any more, and the next one has it found out. */
  close(): void {
    this.#asking?.close();
  }

  /** Asked once for all who wait, in a turn of whoever has uploaded it: what takes long holds up their own files. */
  #verdictOf(file: File, asking: Asking): Promise<Verdict> {
    const { mediaId, userId, content } = file;
    const known = this.#underWay.get(mediaId);
    if (known) return known;
    const lately = this.#lately.get(mediaId);
    if (lately) return Promise.resolve(lately);
    if (asking.isHopeless(content.sha256)) return Promise.resolve(NONE);
    const verdict = this.#turns
      .run(userId, () => this.#scan(file, asking))
      .finally(() => this.#underWay.delete(mediaId));
    this.#underWay.set(mediaId, verdict);
    return verdict;
  }

  async #scan({ mediaId, content }: File, asking: Asking): Promise<Verdict> {
    const { stored, read } = this.#ports;
    const { sha256 } = content;
    const verdict = await asking.ask({ bytes: read(content), sha256, name: mediaId });
    if (verdict.kind === 'none') return verdict;
    const found = verdict.kind === 'found' ? verdict.what : null;
    await commitRows(stored.log, [scannedRow(mediaId, { scannedMs: stored.now(), found })]);
    this.#lately.set(mediaId, verdict);
    return verdict;
  }
}

/** How long a client waits says nothing of the scanner: what may be given unscanned is not for whoever uploads to say. */
async function inTime(verdict: Promise<Verdict>, { timeoutMs, signal }: Patience) {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    return await within(verdict, AbortSignal.any([late, signal]));
  } catch (error) {
    throw error === late.reason ? notYet() : error;
  }
}

const refused = (): MatrixError =>
  forbidden('This file is given to nobody: the scanner of this server has found something in it');

const notYet = (): MatrixError =>
  new MatrixError(504, 'M_NOT_YET_UPLOADED', 'This file has not been scanned yet');

async function* inOne(bytes: Buffer) {
  yield bytes;
}
