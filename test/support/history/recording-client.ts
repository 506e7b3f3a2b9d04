import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { type Attempt, type History, type Outcome, succeeded } from './history.ts';

export interface Target {
  readonly origin: string;
  /** Named in the history. */
  readonly through: string;
  /** PEM; absent for plain HTTP. */
  readonly ca?: string;
}

interface Call {
  readonly what: Attempt['what'];
  readonly request: string;
  readonly attempt: number;
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly outcome: Outcome;
  readonly body: Record<string, unknown>;
}

/** Longer than this without an answer is a failure, whatever the cause. */
const NO_ANSWER_MS = 60_000;
const PAUSE_BEFORE_REPEAT_MS = 200;
const SYNC_MS = 10_000;

/** A Matrix client of the plainest kind: one user on one device, which writes down all it asks and gets. */
export class RecordingClient {
  readonly name: string;
  readonly #target: Target;
  readonly #history: History;
  readonly #connections: Dispatcher;
  #token: string | undefined;
  #sent = 0;
  /** Where /sync goes on, also after a pause. */
  #since: string | undefined;
  /** Rooms of which /sync left something out since it last gave a message. */
  readonly #gaps = new Set<string>();

  constructor(name: string, target: Target, history: History) {
    this.name = name;
    this.#target = target;
    this.#history = history;
    this.#connections = new Agent({
      // One for what it sends and one for /sync.
      connections: 2,
      headersTimeout: NO_ANSWER_MS,
      bodyTimeout: NO_ANSWER_MS,
      // As browsers do, but sooner: a server that lost power is noticed by probes, not by silence.
      connect: { keepAliveInitialDelay: 1000, timeout: 3000, ...(target.ca && { ca: target.ca }) },
    });
  }

  /** Makes an account and logs in; needs a server with open registration. */
  async register(): Promise<string> {
    const answer = await this.#must({
      method: 'POST',
      path: '/register',
      body: {
        username: this.name,
        password: 'correct horse battery staple',
        auth: { type: 'm.login.dummy' },
      },
    });
    this.#token = answer.access_token as string;
    return answer.user_id as string;
  }

  async createRoom(options: object = { preset: 'public_chat' }): Promise<string> {
    return (await this.#must({ method: 'POST', path: '/createRoom', body: options }))
      .room_id as string;
  }

  async join(roomId: string): Promise<void> {
    await this.#must({ method: 'POST', path: `/join/${encodeURIComponent(roomId)}`, body: {} });
  }

  /** The same device through another front, as after a change of networks. */
  twin(target: Target): RecordingClient {
    const twin = new RecordingClient(this.name, target, this.#history);
    twin.#token = this.#token;
    return twin;
  }

  nextRequest(): string {
    return `${this.name}-${++this.#sent}`;
  }

  /** Sends one message and repeats it, as the same transaction, until it is acknowledged or the signal ends it. */
  async send(roomId: string, request: string, signal?: AbortSignal): Promise<void> {
    const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${request}`;
    const body = { msgtype: 'm.text', body: request };
    for (let attempt = 1; !signal?.aborted; attempt++) {
      const recorded = await this.#call({
        what: 'send',
        request,
        attempt,
        method: 'PUT',
        path,
        body,
      });
      if (succeeded(recorded.record)) return;
      await sleep(PAUSE_BEFORE_REPEAT_MS);
    }
  }

  /** Sends message after message until the signal ends it, with a pause between an answer and the next. */
  async sendUntil(signal: AbortSignal, roomId: string, pauseMs: number): Promise<void> {
    while (!signal.aborted) {
      await this.send(roomId, this.nextRequest(), signal);
      await sleep(pauseMs);
    }
  }

  /** Follows /sync until the signal ends it; writes down each message once it is given. */
  async syncUntil(signal: AbortSignal): Promise<void> {
    for (let count = 1; !signal.aborted; count++) {
      const query =
        this.#since === undefined ? 'timeout=0' : `timeout=${SYNC_MS}&since=${this.#since}`;
      const { record, body } = await this.#call({
        what: 'sync',
        request: `${this.name}-sync-${count}`,
        attempt: 1,
        method: 'GET',
        path: `/sync?${query}`,
        signal,
      });
      if (succeeded(record)) {
        this.#since = body.next_batch as string;
        for (const [room, timeline] of timelinesOf(body))
          this.#write(room, timeline, record.answeredAt);
      } else await sleep(PAUSE_BEFORE_REPEAT_MS);
    }
  }

  #write(room: string, { limited, events = [] }: Timeline, at: number): void {
    if (limited) this.#gaps.add(room);
    for (const { type, event_id: eventId, content } of events) {
      if (type !== 'm.room.message') continue;
      // A gap may come with no message behind it; then the next one to come is behind it.
      const afterGap = this.#gaps.delete(room);
      const request = String(content.body);
      this.#history.deliveries.push({ client: this.name, room, afterGap, request, eventId, at });
    }
  }

  async close(): Promise<void> {
    await this.#connections.destroy();
  }

  async #must(call: Pick<Call, 'method' | 'path' | 'body'>): Promise<Record<string, unknown>> {
    const request = `${call.method} ${call.path}`;
    const { record, body } = await this.#call({ ...call, what: 'set up', request, attempt: 1 });
    if (succeeded(record)) return body;
    throw new Error(`${this.name}: ${request} came to ${JSON.stringify(record.outcome)}`);
  }

  async #call(call: Call): Promise<{ record: Attempt; body: Record<string, unknown> }> {
    const sentAt = performance.now();
    const { outcome, body } = await this.#exchange(call);
    const { what, request, attempt } = call;
    const { through } = this.#target;
    const answeredAt = performance.now();
    const record = {
      client: this.name,
      through,
      what,
      request,
      attempt,
      sentAt,
      answeredAt,
      outcome,
    };
    // What the test itself broke off at its end is no failure.
    if (!call.signal?.aborted) this.#history.attempts.push(record);
    return { record, body };
  }

  async #exchange({ method, path, body, signal }: Call): Promise<Answer> {
    try {
      const answer = await this.#connections.request({
        origin: this.#target.origin,
        path: `/_matrix/client/v3${path}`,
        method,
        headers: {
          ...(this.#token && { authorization: `Bearer ${this.#token}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      const parsed = parsedAs(answer.statusCode, await answer.body.text());
      return { outcome: outcomeOf(answer.statusCode, parsed), body: parsed };
    } catch (error) {
      return { outcome: { kind: 'unanswered', cause: nameOf(error) }, body: {} };
    }
  }
}

/** A proxy that speaks for a server that is away does so in HTML. Who succeeds must do so in JSON. */
function parsedAs(status: number, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (status < 400) throw error;
    return {};
  }
}

function outcomeOf(status: number, body: Record<string, unknown>): Outcome {
  const { errcode, event_id: eventId } = body;
  return {
    kind: 'answered',
    status,
    ...(typeof errcode === 'string' && { errcode }),
    ...(typeof eventId === 'string' && { eventId }),
  };
}

function nameOf(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  return code ?? `${name}: ${message}`;
}

interface Timeline {
  readonly limited?: boolean;
  readonly events?: { type: string; event_id: string; content: { body?: unknown } }[];
}

interface SyncAnswer {
  readonly rooms?: { readonly join?: Readonly<Record<string, { readonly timeline?: Timeline }>> };
}

const timelinesOf = ({ rooms }: SyncAnswer): [string, Timeline][] =>
  Object.entries(rooms?.join ?? {}).map(([room, { timeline }]) => [room, timeline ?? {}]);
