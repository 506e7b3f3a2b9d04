import type { Body } from './body.ts';
import type { DeviceOrder, Turn } from './device-order.ts';
import { type Headers, towardsWriter } from './headers.ts';
import { isLongPoll, withTimeLeft } from './long-poll.ts';
import type { Routing, Writer } from './routing.ts';
import type { Answer, Outgoing, Tried } from './upstream.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/** One client request on its way, whole: it may be sent to more than one writer before it is answered. */
export interface Carried {
  readonly id: string;
  /** Grows with each request of this front: what "in order" means. */
  readonly arrival: number;
  readonly arrivedAtMs: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Body;
  readonly device: string | undefined;
  readonly clientAddress: string;
  /** It came in through the floating address. */
  readonly throughAddress: boolean;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
}

export interface Ports {
  routing: Routing;
  order: DeviceOrder;
  send(writer: Writer, request: Outgoing, cut: AbortSignal): Promise<Tried>;
  now(): number;
  holdForMs: number;
  count: { held: number; holds: number; replayed: number };
}

export type Carriage =
  | { kind: 'answer'; answer: Answer }
  | { kind: 'set-aside'; why: string }
  | { kind: 'gone' };

/** A writer that refuses is asked again this soon; a change of routing asks at once. */
const ASK_AGAIN_AFTER_MS = 100;
/** A server whose database fell breaks everything off until it has ended: 1.3 s were seen. */
const REPLAY_AGAIN_AFTER_MS = 2_000;
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Holds, sends, and sends again until there is an answer or the time is up. */
export async function carry(request: Carried, ports: Ports): Promise<Carriage> {
  const silentEpochs: number[] = [];
  const replayable = request.body.kind === 'whole';
  const wait = new Waiting(request, ports);
  let hurried = false;
  try {
    for (let attempt = 1; ; attempt++) {
      const writer = await wait.forWriter();
      if (writer === 'gone') return { kind: 'gone' };
      if (writer === 'too-long') return { kind: 'set-aside', why: 'no writer in time' };

      const hurry = mustHurry(request, ports);
      const tried = await send(request, attempt, writer, hurry || hurried, ports);
      if (tried.answer !== undefined) return { kind: 'answer', answer: tried.answer };
      if (request.gone.aborted) return { kind: 'gone' };
      if (!hurry && !hurried && mustHurry(request, ports)) {
        hurried = true;
        continue;
      }

      const verdict = verdictOn(tried.attempt, { silentEpochs, replayable });
      const why = tried.attempt.kind === 'answered' ? '' : tried.attempt.why;
      if (verdict === 'set-aside') return { kind: 'set-aside', why };
      if (tried.attempt.kind === 'unknown') {
        silentEpochs.push(tried.attempt.epoch);
        ports.count.replayed++;
      }
      await wait.afterFailure(pauseAfter(verdict, silentEpochs.length));
    }
  } finally {
    wait.over();
  }
}

/** The first replay goes at once: mostly one connection broke, and the writer is well. */
function pauseAfter(verdict: Verdict, silences: number): number {
  if (verdict === 'hold') return ASK_AGAIN_AFTER_MS;
  return silences > 1 ? REPLAY_AGAIN_AFTER_MS : 0;
}

/** A long poll whose connection is about to be taken away must be answered now. */
const mustHurry = (request: Carried, { routing }: Ports) =>
  routing.draining && request.throughAddress && isLongPoll(request.url);

async function send(
  request: Carried,
  attempt: number,
  writer: Writer,
  hurry: boolean,
  ports: Ports,
) {
  const { id: requestId, clientAddress, method, body } = request;
  const answered = new AbortController();
  const cut = cutFrom(writer, request, hurry, answered.signal, ports);
  const elapsedMs = hurry ? Number.POSITIVE_INFINITY : ports.now() - request.arrivedAtMs;
  const url = withTimeLeft(request.url, elapsedMs);
  const headers = towardsWriter(request.headers, { requestId, attempt, clientAddress });
  try {
    return await ports.send(writer, { method, url, headers, body }, cut);
  } finally {
    answered.abort();
  }
}

/**
 * Ends an attempt that cannot be answered any more: another site has taken over, or there has been no
 * writer for too long. A site without power sends no reset, so the socket alone would never say so. A
 * server that fell and rose in its place has reset its sockets: what is in flight there was sent to the
 * new one, perhaps before the agent had told its epoch. A client that has gone ends only what changes
 * nothing.
 */
function cutFrom(
  writer: Writer,
  request: Carried,
  hurried: boolean,
  answered: AbortSignal,
  ports: Ports,
) {
  const cut = new AbortController();
  const sentAtMs = ports.now();
  const { routing } = ports;
  const watch = async () => {
    while (!answered.aborted && !cut.signal.aborted) {
      if (routing.writer !== null && routing.writer.url !== writer.url) {
        cut.abort(`epoch ${routing.writer.epoch} began`);
      }
      if (!hurried && mustHurry(request, ports)) cut.abort('the address leaves');
      const lostAtMs = routing.lostAtMs;
      const patience =
        lostAtMs === null ? NO_LIMIT_MS : Math.max(lostAtMs, sentAtMs) + ports.holdForMs;
      if (patience <= ports.now()) cut.abort('no writer for too long');
      await routing.changed(lostAtMs === null ? NO_LIMIT_MS : 1_000, answered);
    }
  };
  void watch();
  if (request.method === 'GET') {
    request.gone.addEventListener('abort', () => cut.abort('the client has gone'), { once: true });
  }
  return cut.signal;
}

/** The request's time in the waiting room, and its place behind the older ones of its device. */
class Waiting {
  readonly #request: Carried;
  readonly #ports: Ports;
  #heldAtMs: number | undefined;
  #turn: Turn | undefined;

  constructor(request: Carried, ports: Ports) {
    this.#request = request;
    this.#ports = ports;
  }

  async forWriter(): Promise<Writer | 'gone' | 'too-long'> {
    const { routing, order } = this.#ports;
    const { device } = this.#request;
    if (routing.writer === null || (this.#ordered && order.isHeld(device!))) this.#hold();
    while (this.#heldAtMs !== undefined) {
      if (this.#request.gone.aborted) return 'gone';
      const leftMs = this.#heldAtMs + this.#ports.holdForMs - this.#ports.now();
      if (leftMs <= 0) return 'too-long';
      const first = this.#turn === undefined || (await within(this.#turn.first, leftMs));
      if (first && routing.writer !== null) return routing.writer;
      if (first) await routing.changed(leftMs, this.#request.gone);
    }
    return routing.writer!;
  }

  async afterFailure(pauseMs: number): Promise<void> {
    this.#hold();
    if (pauseMs > 0) await this.#ports.routing.changed(pauseMs, this.#request.gone);
  }

  over(): void {
    this.#turn?.leave();
    if (this.#heldAtMs !== undefined) this.#ports.count.held--;
  }

  get #ordered(): boolean {
    return this.#request.device !== undefined && this.#request.method !== 'GET';
  }

  #hold(): void {
    if (this.#heldAtMs !== undefined) return;
    this.#heldAtMs = this.#ports.now();
    this.#ports.count.held++;
    this.#ports.count.holds++;
    if (this.#ordered)
      this.#turn = this.#ports.order.join(this.#request.device!, this.#request.arrival);
  }
}

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
