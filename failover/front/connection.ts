import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { buildConnector } from 'undici';
import { type AnswerHeaders, AnswerReader, type KeepAlive, NotAnAnswer } from './answer-reader.ts';
import { headOf, isChunked, NotARequest, type Outgoing } from './outgoing.ts';
import { readInPlace } from './read-in-place.ts';
import { STROKE_BYTES, type Stroke, strokesOfPieces } from './strokes.ts';

export interface Control {
  /** Ends the request, and its connection where something of it was sent. */
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** Is told of one request: how it begins, and then either its answer to the end, or an error, once. Chunks must be copied. */
export interface Taker {
  /** The connection stands, and nothing has been sent yet. */
  onRequestStart(control: Control): void;
  onResponseStart(control: Control, status: number, headers: AnswerHeaders): void;
  onResponseData(control: Control, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(control: Control | null, error: Error): void;
}

/** Where the other side does not say how long it keeps a quiet connection. */
const KEPT_MS = 4_000;
/** What is sent as the other side closes may have been seen or not, so that is never tried. */
const MARGIN_MS = 1_000;

/** One connection to a writer, or to a front that passes on to it, made with `IN_PLACE`; one request at a time. */
export class Connection {
  readonly #origin: URL;
  readonly #connect: buildConnector.connector;
  #socket: Socket | undefined;
  #asked: Asked | undefined;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #isDestroyed = false;

  constructor(origin: string, connect: buildConnector.connector) {
    this.#origin = new URL(origin);
    this.#connect = connect;
  }

  /** It stands, and the other side will not end it just now. */
  get isFree(): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#asked !== undefined || this.#isDestroyed) return false;
    return !socket.destroyed && performance.now() < this.#quietUntilMs;
  }

  send(request: Outgoing, taker: Taker): void {
    const asked = new Asked(request, taker, this);
    this.#asked = asked;
    if (this.#socket !== undefined) this.#begin(asked, this.#socket);
    else this.#connectFor(asked);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#socket?.destroy();
    this.#fail(new Error('the connection was ended here'));
  }

  /** The socket, while it is this request's. */
  socketFor(asked: Asked): Socket | undefined {
    return this.#asked === asked ? this.#socket : undefined;
  }

  /** Nothing behind what was sent of it can be told apart from it. */
  abort(asked: Asked, reason: Error): void {
    if (this.#asked !== asked) return;
    if (asked.reader !== undefined) this.#socket!.destroy();
    this.#fail(reason);
  }

  /** All of the answer is there. */
  over(asked: Asked): void {
    const socket = this.#socket!;
    const { isKept, hint } = asked.reader!.keepAlive;
    this.#asked = undefined;
    if (isKept && asked.isSent) this.#quietUntilMs = performance.now() + keptMs(hint);
    else socket.destroy();
    // Who took it slowly is not the one who asks next.
    if (socket.isPaused()) socket.resume();
    asked.taker.onResponseEnd();
  }

  #connectFor(asked: Asked): void {
    const { protocol, hostname, host, port } = this.#origin;
    this.#connect({ protocol, hostname: bare(hostname), host, port }, (error, socket) => {
      if (error !== null) return this.#fail(error);
      this.#use(socket);
      if (this.#isDestroyed) this.destroy();
      else this.#begin(asked, socket);
    });
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    this.#quietUntilMs = performance.now() + KEPT_MS;
    socket.setNoDelay(true);
    readInPlace(socket, (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  #begin(asked: Asked, socket: Socket): void {
    asked.taker.onRequestStart(asked);
    if (this.#asked !== asked) return;
    try {
      asked.sendOn(socket, this.#origin.host);
    } catch (error) {
      if (!(error instanceof NotARequest)) throw error;
      this.abort(asked, error);
    }
  }

  #take(chunk: Buffer): void {
    const asked = this.#asked;
    // Nobody has asked anything.
    if (asked?.reader === undefined) return void this.#socket!.destroy();
    try {
      asked.reader.take(chunk);
    } catch (error) {
      if (!(error instanceof NotAnAnswer)) throw error;
      this.abort(asked, error);
    }
  }

  #end(): void {
    this.#socket!.destroy();
    if (this.#asked?.reader?.close() !== true) this.#fail(new Error('other side closed'));
  }

  #fail(error: Error): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reader?.stop();
    asked?.taker.onResponseError(asked, error);
  }
}

/** One request on its connection. What is wanted of it when it is over reaches nobody else's. */
class Asked implements Control {
  readonly taker: Taker;
  /** Once something of the request was sent. */
  reader: AnswerReader | undefined;
  /** All of it. */
  isSent = false;
  readonly #request: Outgoing;
  readonly #connection: Connection;

  constructor(request: Outgoing, taker: Taker, connection: Connection) {
    this.#request = request;
    this.taker = taker;
    this.#connection = connection;
  }

  sendOn(socket: Socket, host: string): void {
    const { body, method } = this.#request;
    const head = headOf(this.#request, host);
    this.reader = new AnswerReader(this, method);
    if (body.kind === 'memory' && body.bytes <= STROKE_BYTES) {
      this.isSent = true;
      return void socket.write(joined(head, body));
    }
    socket.write(head, 'latin1');
    if (body.kind === 'memory') void this.#pass(strokesOfPieces(body.pieces));
    else if (body.kind === 'disk') void this.#pass(body.spooled.read());
    else void this.#passOn(body.stream);
  }

  abort(reason: Error): void {
    this.#connection.abort(this, reason);
  }

  pause(): void {
    this.#connection.socketFor(this)?.pause();
  }

  resume(): void {
    this.#connection.socketFor(this)?.resume();
  }

  onResponseStart(status: number, headers: AnswerHeaders): void {
    this.taker.onResponseStart(this, status, headers);
  }

  onResponseData(chunk: Buffer): void {
    this.taker.onResponseData(this, chunk);
  }

  onResponseEnd(): void {
    this.#connection.over(this);
  }

  /**
   * It may be the request of another front of ours, which has its answer to get, so it is not destroyed; and what nobody
   * wants of it any more would keep that front's next request from being read.
   */
  async #passOn(stream: Readable): Promise<void> {
    await this.#pass(stream.iterator({ destroyOnReturn: false }));
    stream.resume();
  }

  async #pass(strokes: AsyncIterable<Buffer> | Iterable<Stroke>): Promise<void> {
    const chunked = isChunked(this.#request);
    try {
      for await (const stroke of strokes) {
        const socket = this.#connection.socketFor(this);
        if (socket === undefined) return;
        const hasRoom = Buffer.isBuffer(stroke)
          ? socket.write(chunked ? framed(stroke) : stroke)
          : together(socket, stroke);
        if (!hasRoom) await drained(socket);
      }
      if (chunked) this.#connection.socketFor(this)?.write('0\r\n\r\n');
      this.isSent = true;
    } catch (error) {
      this.abort(error as Error);
    }
  }
}

/** Or at its end: then nothing more is sent. */
const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
    if (socket.destroyed) done();
  });

/** An IPv6 address stands in brackets in a URL. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** As one stroke. */
function together(socket: Socket, stroke: Stroke): boolean {
  let hasRoom = true;
  socket.cork();
  for (const piece of stroke) hasRoom = socket.write(piece);
  socket.uncork();
  return hasRoom;
}

function joined(head: string, { pieces, bytes }: { pieces: readonly Buffer[]; bytes: number }) {
  const all = Buffer.allocUnsafe(head.length + bytes);
  let at = all.write(head, 'latin1');
  for (const piece of pieces) at += piece.copy(all, at);
  return all;
}

const framed = (chunk: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]);

function keptMs(hint: KeepAlive['hint']): number {
  const seconds = hint === undefined ? undefined : /timeout=(\d{1,9})/.exec(hint)?.[1];
  return seconds === undefined ? KEPT_MS : Number(seconds) * 1_000 - MARGIN_MS;
}
