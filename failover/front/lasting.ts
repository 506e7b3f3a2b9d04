import { setTimeout as sleep } from 'node:timers/promises';
import type { Carried } from './carried.ts';
import { type Carriage, carry, type Ports } from './carry.ts';
import type { Answer } from './exchange.ts';
import type { OpenAnswers } from './open-answers.ts';
import { type Part, Resumed } from './resumed.ts';
import { askingFor, type Span, spanOf } from './span.ts';

export interface LastingPorts {
  /** By which the rest of an answer is asked for: never kept whole, since whoever wants it reads slowly. */
  readonly ports: Ports;
  readonly open: OpenAnswers;
}

type Answered = Extract<Carriage, { kind: 'answer' }>;

/** Its user's other requests have used up what may be asked for now. */
const TOO_MANY_REQUESTS = 429;
const ASK_AGAIN_AFTER_MS = 1_000;
const ASKS_MAX = 10;

/** An answer's body for its client: where it is long, and its rest can be asked for alone, one that outlasts its connection to the writer. */
export function lastingBody(
  request: Carried,
  answered: Answered,
  { ports, open }: LastingPorts,
): Buffer | AsyncIterable<Buffer> {
  const { body } = answered.answer;
  const span = request.method === 'GET' ? spanOf(answered.answer) : undefined;
  if (Buffer.isBuffer(body) || span === undefined) return body;
  const ask = (part: Span) => askFor(part, request, ports);
  return new Resumed({ body, over: overOf(answered, ports) }, { span, ask, open });
}

async function askFor(span: Span, request: Carried, ports: Ports): Promise<Part> {
  const asking = { ...request, headers: askingFor(request.headers, span) };
  for (let asks = 1; ; asks++) {
    const carriage = await carry(asking, ports);
    if (carriage.kind !== 'answer') throw new Error(`${NOT_TO_BE_HAD}: ${carriage.kind}`);
    const over = overOf(carriage, ports);
    const { status, headers, body } = carriage.answer;
    if (!Buffer.isBuffer(body)) {
      if (isSame(spanOf({ status, headers }), span)) return { body, over };
      body.close();
    }
    over();
    if (status !== TOO_MANY_REQUESTS || asks === ASKS_MAX)
      throw new Error(`${NOT_TO_BE_HAD}: ${status}`);
    await sleep(ASK_AGAIN_AFTER_MS, undefined, { signal: request.gone.signal });
  }
}

const NOT_TO_BE_HAD = 'The rest of an answer was not to be had';

const overOf =
  ({ answer, flight }: { answer: Answer; flight: Answered['flight'] }, { flights }: Ports) =>
  () => {
    flights.end(flight);
    answer.over();
  };

const isSame = (answered: Span | undefined, asked: Span): boolean =>
  answered !== undefined &&
  answered.from === asked.from &&
  answered.end === asked.end &&
  answered.etag === asked.etag;
