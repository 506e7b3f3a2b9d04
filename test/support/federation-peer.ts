import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { signJson } from '../../server/protocol/signatures.ts';
import { type SigningKey, verifyKeyFrom } from '../../server/protocol/signing-keys.ts';
import { isSignedBy, parseXMatrix, xMatrixHeader } from '../../server/protocol/x-matrix.ts';
import type { Authority } from './certificates.ts';
import { keyOf } from './foreign-server.ts';
import { listenByTls } from './tls-server.ts';

export interface TakenTransaction {
  readonly txnId: string;
  readonly content: JsonObject & { readonly pdus: JsonObject[]; readonly edus: JsonObject[] };
  /** As it came. */
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a transaction as it likes; what it took is noted where it answers 200 itself. */
export type Behaviour = (
  transaction: TakenTransaction,
  answer: ServerResponse,
  take: (errors?: JsonObject) => void,
) => void;

export interface FederationPeer {
  readonly name: ServerName;
  readonly key: SigningKey;
  /** In order, also those that it did not take. */
  readonly asked: TakenTransaction[];
  readonly taken: TakenTransaction[];
  /** The bodies of the messages that it took, in order. */
  bodies(): unknown[];
  /** The contents of the EDUs of a type that it took, in order. */
  edus(type: string): JsonObject[];
  behave(behaviour: Behaviour): void;
  /** Asks another server something, signed, as it is served at `origin`. */
  asks(origin: string, destination: ServerName): Promise<number>;
  /** Sends a server a transaction. */
  sends(
    to: { origin: string; name: ServerName },
    txnId: string,
    content: { pdus?: readonly JsonObject[]; edus?: readonly JsonObject[] },
  ): Promise<{ readonly status: number; readonly body: JsonObject }>;
  /** The same, of a body that is signed as it stands. */
  sendsText(
    to: { origin: string; name: ServerName },
    txnId: string,
    text: string,
  ): Promise<{ readonly status: number; readonly body: JsonObject }>;
  connections(): number;
}

export const takes: Behaviour = (_transaction, _answer, take) => take();

export const refuses =
  (status: number, body: JsonObject = { errcode: 'M_UNKNOWN', error: 'No' }): Behaviour =>
  (_transaction, answer) =>
    void answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** Another server by real TLS, for one test; `behaviour` is what it does with transactions. */
export async function startPeer(
  authority: Authority,
  behaviour: Behaviour = takes,
): Promise<FederationPeer> {
  let behave = behaviour;
  let connections = 0;
  let keys = '';
  const [asked, taken]: [TakenTransaction[], TakenTransaction[]] = [[], []];
  const { server, name } = await listenByTls(authority, (request, answer) => {
    if (request.url === '/_matrix/key/v2/server') return void answer.end(keys);
    if (!request.url?.includes('/send/')) return void refuseQuestion(answer);
    void transactionIn(request).then((transaction) => {
      if (transaction === undefined) return;
      asked.push(transaction);
      behave(transaction, answer, (pdus = {}) => {
        taken.push(transaction);
        answer.writeHead(200, { 'content-type': 'application/json' });
        answer.end(JSON.stringify({ pdus }));
      });
    });
  });
  server.on('secureConnection', () => void connections++);
  const key = keyOf(name);
  keys = JSON.stringify(signJson(keysOf(name, key), name, key));
  return {
    ...{ asked, taken, name, key },
    bodies: () => taken.flatMap(({ content }) => content.pdus.flatMap(bodyOf)),
    edus: (type) =>
      taken.flatMap(({ content }) =>
        content.edus.flatMap((edu) => (edu.edu_type === type ? [edu.content as JsonObject] : [])),
      ),
    behave(next) {
      behave = next;
    },
    async sendsText({ origin, name: destination }, txnId, canonicalContent) {
      const uri = `/_matrix/federation/v1/send/${txnId}`;
      const request = { method: 'PUT', uri, origin: name, destination, canonicalContent };
      const headers = { authorization: xMatrixHeader(request, key) };
      const reply = await fetch(origin + uri, { method: 'PUT', headers, body: canonicalContent });
      return { status: reply.status, body: (await reply.json()) as JsonObject };
    },
    async sends({ origin, name: destination }, txnId, { pdus = [], edus = [] }) {
      const uri = `/_matrix/federation/v1/send/${txnId}`;
      const content = { origin: name, origin_server_ts: 1, pdus, edus } as JsonObject;
      const request = { method: 'PUT', uri, origin: name, destination, content };
      const headers = { authorization: xMatrixHeader(request, key) };
      const reply = await fetch(origin + uri, {
        ...{ method: 'PUT', headers, body: JSON.stringify(content) },
      });
      return { status: reply.status, body: (await reply.json()) as JsonObject };
    },
    connections: () => connections,
    async asks(origin, destination) {
      const uri = `/_matrix/federation/v1/query/profile?user_id=@nobody:${destination}`;
      const authorization = xMatrixHeader({ method: 'GET', uri, origin: name, destination }, key);
      return (await fetch(origin + uri, { headers: { authorization } })).status;
    },
  };
}

/** It knows of nothing. */
const refuseQuestion = (answer: ServerResponse) =>
  answer.writeHead(404).end(JSON.stringify({ errcode: 'M_NOT_FOUND', error: 'Nothing is here' }));

const keysOf = (server_name: ServerName, { keyId, publicKey }: SigningKey): JsonObject => ({
  ...{ server_name, old_verify_keys: {}, valid_until_ts: 1_900_000_000_000 },
  verify_keys: { [keyId]: { key: publicKey } },
});

const bodyOf = ({ type, content }: JsonObject): unknown[] =>
  type === 'm.room.message' ? [(content as JsonObject).body] : [];

/** Undefined where whoever sends it is killed in the middle. */
async function transactionIn(request: IncomingMessage): Promise<TakenTransaction | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const content = JSON.parse(text) as TakenTransaction['content'];
  return { txnId: request.url!.split('/').at(-1)!, content, text, headers: request.headers };
}

/** Whether the key has signed the transaction, for this server. */
export function isSigned(
  { txnId, content, headers }: TakenTransaction,
  { destination, key }: { destination: ServerName; key: SigningKey },
): boolean {
  const claim = parseXMatrix(headers.authorization ?? '');
  const uri = `/_matrix/federation/v1/send/${txnId}`;
  if (claim === undefined) return false;
  const request = { method: 'PUT', uri, origin: claim.origin, destination, content };
  return isSignedBy(request, claim, verifyKeyFrom(key.publicKey)!);
}
