import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

/** Of this site: etcd and Patroni answer only who shows it. */
export interface Pem {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export const pemIn = (folder: string): Pem => ({
  ca: readFileSync(join(folder, 'ca.crt')),
  cert: readFileSync(join(folder, 'site.crt')),
  key: readFileSync(join(folder, 'site.key')),
});

export const ANSWERS_WITHIN_MS = 1_500;

interface Sent {
  readonly pem: Pem | undefined;
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** Node's own, since undici alone would take as long to load as all of a program that lives for a moment. */
export function request(
  url: URL,
  { pem, body, signal = AbortSignal.timeout(ANSWERS_WITHIN_MS) }: Sent,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const options = {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    signal,
    ...pem,
  };
  const send = url.protocol === 'http:' ? requestPlain : requestSecure;
  return new Promise((resolve, reject) => {
    const question = send(url, options, (answer) => {
      const status = answer.statusCode ?? 0;
      json(answer).then((value) => resolve({ status, json: value }), reject);
    });
    question.on('error', reject).end(body && JSON.stringify(body));
  });
}
