import { Answer, type Pieces } from '../../server/http/answer.ts';
import type { Endpoint } from '../../server/http/endpoint.ts';
import type { Mount } from '../../server/http/mount.ts';
import { answerSchema } from '../spec/answers.ts';

/** Where an answer is otherwise on purpose: of which operations, where in it, and why. */
const ON_PURPOSE: readonly (readonly [
  operations: readonly string[],
  where: RegExp,
  because: string,
])[] = [
  [
    ['getDevice', 'getDevices'],
    /(^|\.)(last_seen_(ip|ts)|display_name)$/,
    'null where nothing is known: matrix-nio needs them there',
  ],
  [
    ['claimKeys', 'claimUserEncryptionKeys'],
    /^one_time_keys\./,
    'what a client uploaded is handed on as it is',
  ],
  [
    ['sendMessage', 'setRoomStateWithKey'],
    /^event_id$/,
    'what is delayed by the older form of MSC4140 has none yet',
  ],
  [['sendInviteV1'], /^1$/, 'asks for `origin` in the event, which the room version decides'],
  [['sendInviteV2'], /^event\.origin$/, 'which the room version decides: most have none'],
  [['getTurnServer'], /^(username|password|uris|ttl)$/, 'empty where there is none, as elsewhere'],
  [['getEvents'], /^chunk\./, 'who is there, or types, is no event of a room'],
];

/**
 * The same endpoints, and what in their answers is otherwise than the specification's data have it. Where those are not
 * at hand nothing is.
 */
export function notingAnswers<Ports>(mounts: readonly Mount<Ports>[]) {
  const otherwise = new Set<string>();
  const noting = (endpoint: Endpoint<Ports>): Endpoint<Ports> => ({
    ...endpoint,
    async handle(call, ports) {
      const answer = await endpoint.handle(call, ports);
      const look = (status: number, text: string) => {
        for (const each of wrongIn(endpoint, status, text)) otherwise.add(each);
      };
      if (answer instanceof Answer) return lookedAt(answer, look);
      if (isPlain(answer)) look(200, JSON.stringify(answer));
      return answer;
    },
  });
  const noted = mounts.map((mount) => ({ ...mount, endpoints: mount.endpoints.map(noting) }));
  return { mounts: noted, otherwise };
}

type Look = (status: number, text: string) => void;

const isPlain = (answer: object) => Object.getPrototypeOf(answer) === Object.prototype;

function wrongIn(
  { operation, routes }: Endpoint<never>,
  status: number,
  text: string,
): readonly string[] {
  const issues = answerSchema(routes, status)?.safeParse(JSON.parse(text)).error?.issues ?? [];
  return issues
    .map(({ path, message }) => ({ where: path.join('.'), message }))
    .filter(({ where }) => !isOnPurpose(operation, where))
    .map(({ where, message }) => `${operation} ${status}, ${where}: ${message}`);
}

const isOnPurpose = (operation: string, where: string) =>
  ON_PURPOSE.some(([operations, at]) => operations.includes(operation) && at.test(where));

function lookedAt(answer: Answer, look: Look): Answer {
  const { status, headers, body } = answer;
  if (headers['content-type'] !== 'application/json' || body === undefined) return answer;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    look(status, Buffer.from(body as string).toString());
    return answer;
  }
  return new Answer(
    status,
    headers,
    gathered(body, (text) => look(status, text)),
  );
}

/** A client that goes has been told nothing whole. */
async function* gathered(pieces: Pieces, look: (text: string) => void) {
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    all.push(Buffer.from(piece as string));
    yield piece;
  }
  look(Buffer.concat(all).toString());
}
