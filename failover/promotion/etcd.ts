import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { base64 } from '../adapters/etcd/base64.ts';
import { changeOf, comparisonOf, foundIn, type KeyValue } from '../adapters/etcd/json.ts';
import type { Found } from '../core/etcd/reading.ts';
import type { Transaction } from '../core/etcd/transactions.ts';

/** etcd's gateway, for a program that lives for a moment: undici alone would take as long to load as all of it. */
export class Etcd {
  readonly #url: URL;
  readonly #pem: { ca: Buffer; cert: Buffer; key: Buffer } | undefined;

  constructor(url: string, tlsDir: string | undefined) {
    this.#url = new URL(url);
    this.#pem = tlsDir === undefined ? undefined : pemIn(tlsDir);
  }

  async read(key: string): Promise<Found | undefined> {
    const { kvs } = await this.#ask<{ kvs?: KeyValue[] }>('/v3/kv/range', { key: base64(key) });
    return kvs?.[0] && foundIn(kvs[0]);
  }

  async transact({ compare, change }: Transaction): Promise<boolean> {
    const { succeeded } = await this.#ask<{ succeeded?: boolean }>('/v3/kv/txn', {
      compare: compare.map(comparisonOf),
      success: change.map(changeOf),
    });
    return succeeded === true;
  }

  #ask<T>(path: string, body: object): Promise<T> {
    const options = {
      method: 'POST',
      path,
      host: this.#url.hostname,
      port: this.#url.port,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      ...this.#pem,
    };
    const send = this.#url.protocol === 'http:' ? requestPlain : request;
    return new Promise((resolve, reject) => {
      const question = send(options, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`etcd answers ${answer.statusCode}`));
        json(answer).then((value) => resolve(value as T), reject);
      });
      question.on('error', reject).end(JSON.stringify(body));
    });
  }
}

const ANSWERS_WITHIN_MS = 1_500;

const pemIn = (folder: string) => ({
  ca: readFileSync(join(folder, 'ca.crt')),
  cert: readFileSync(join(folder, 'site.crt')),
  key: readFileSync(join(folder, 'site.key')),
});
