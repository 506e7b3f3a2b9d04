import type { IncomingMessage } from 'node:http';
import { Pieces } from './pieces.ts';
import type { Shares, Taker } from './shares.ts';
import { Spooled } from './spool.ts';

/** A request's body, whole: it can be sent to one writer after the other. In memory it stays in the pieces in which it came. */
export type Body =
  | { readonly kind: 'memory'; readonly pieces: readonly Buffer[]; readonly bytes: number }
  | { readonly kind: 'disk'; readonly spooled: Spooled };

export const NO_BODY: Body = { kind: 'memory', pieces: [], bytes: 0 };

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** Why there is no body: the client left, or it gets an answer that says whose fault it is. */
export type NoBody = 'gone' | 'too-slow' | 'too-large' | 'full';

export interface Room {
  readonly memory: Shares;
  readonly disk: Shares;
  /** A longer body goes to the disk. */
  readonly memoryBytesMax: number;
  readonly folder: string;
  readonly now: () => number;
}

/** Nobody keeps a place by saying nothing: after this, a body must have come at the rate below. */
const SLOW_START_MS = 20_000;
const BYTES_PER_SECOND_MIN = 16 * 1024;
const LOOK_EVERY_MS = 1_000;

/**
 * Reads a body, and takes its bytes out of the client's share as they come. What was taken is given
 * back by `close`, also where there is no body in the end.
 */
export class Incoming {
  readonly #request: IncomingMessage;
  readonly #taker: Taker;
  readonly #room: Room;
  readonly #begunAtMs: number;
  #memory = 0;
  #disk = 0;
  #spooled: Spooled | undefined;

  constructor(request: IncomingMessage, taker: Taker, room: Room) {
    this.#request = request;
    this.#taker = taker;
    this.#room = room;
    this.#begunAtMs = room.now();
  }

  async read(): Promise<Body | NoBody> {
    const declared = Number(this.#request.headers['content-length'] ?? 0);
    if (declared > this.#room.disk.largest) return 'too-large';
    if (declared > this.#room.memoryBytesMax) return this.#spool([]);
    const pieces = await this.#collect();
    if (!Array.isArray(pieces)) return pieces;
    if (this.#request.complete && this.#memory <= this.#room.memoryBytesMax)
      return { kind: 'memory', pieces, bytes: this.#memory };
    return this.#spool(pieces);
  }

  async close(): Promise<void> {
    if (this.#memory > 0) this.#room.memory.give(this.#taker, this.#memory);
    if (this.#disk > 0) this.#room.disk.give(this.#taker, this.#disk);
    this.#memory = 0;
    this.#disk = 0;
    await this.#spooled?.close();
    this.#spooled = undefined;
  }

  /** All of it, or what came until it was too long for memory: the request is paused then. */
  #collect(): Promise<Buffer[] | NoBody> {
    const request = this.#request;
    const chunks = new Pieces();
    return new Promise((resolve) => {
      const done = (result: Buffer[] | NoBody) => {
        clearInterval(pace);
        request.off('data', take).off('end', end).off('close', closed);
        resolve(result);
      };
      const take = (chunk: Buffer) => {
        if (!this.#room.memory.take(this.#taker, chunk.length)) return done('full');
        this.#memory += chunk.length;
        chunks.add(chunk);
        if (this.#memory <= this.#room.memoryBytesMax) return;
        request.pause();
        done(chunks.all);
      };
      const end = () => done(chunks.all);
      const closed = () => done(request.complete ? chunks.all : 'gone');
      const pace = this.#watchPace(done);
      request.on('data', take).once('end', end).once('close', closed);
    });
  }

  /** The rest to the disk, with what has come already. */
  async #spool(begun: Buffer[]): Promise<Body | NoBody> {
    const { folder, disk, memory } = this.#room;
    this.#spooled = await Spooled.open(folder);
    const spooled = this.#spooled;
    const slow = Promise.withResolvers<'too-slow'>();
    const pace = this.#watchPace(slow.resolve);
    const rest = this.#request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
    const next = async () => begun.shift() ?? ((await rest.next()).value as Buffer | undefined);
    try {
      for (;;) {
        const chunk = await Promise.race([next(), slow.promise]);
        if (chunk === 'too-slow') return chunk;
        if (chunk === undefined) break;
        if (!disk.take(this.#taker, chunk.length)) {
          return spooled.bytes + chunk.length > disk.largest ? 'too-large' : 'full';
        }
        this.#disk += chunk.length;
        await spooled.append(chunk);
      }
    } catch (error) {
      if (this.#request.destroyed && !this.#request.complete) return 'gone';
      throw error;
    } finally {
      clearInterval(pace);
      memory.give(this.#taker, this.#memory);
      this.#memory = 0;
    }
    return this.#request.complete ? { kind: 'disk', spooled } : 'gone';
  }

  #watchPace(tooSlow: (why: 'too-slow') => void): NodeJS.Timeout {
    const { now } = this.#room;
    return setInterval(() => {
      const dueBytes = ((now() - this.#begunAtMs - SLOW_START_MS) / 1_000) * BYTES_PER_SECOND_MIN;
      if (this.#memory + this.#disk < dueBytes) tooSlow('too-slow');
    }, LOOK_EVERY_MS);
  }
}
