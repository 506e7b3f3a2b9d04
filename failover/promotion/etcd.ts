import { base64 } from '../adapters/etcd/base64.ts';
import { changeOf, comparisonOf, foundIn, type KeyValue } from '../adapters/etcd/json.ts';
import type { Found } from '../core/etcd/reading.ts';
import type { Transaction } from '../core/etcd/transactions.ts';
import { type Pem, request } from './request.ts';

interface Ranged {
  readonly response_range?: { readonly kvs?: readonly KeyValue[] };
}

/** etcd's gateway, for a program that lives for a moment. */
export class Etcd {
  readonly #url: URL;
  readonly #pem: Pem | undefined;

  constructor(url: string, pem: Pem | undefined) {
    [this.#url, this.#pem] = [new URL(url), pem];
  }

  /** In the order of the keys, and of one moment. */
  async read(...keys: readonly string[]): Promise<(Found | undefined)[]> {
    const { responses = [] } = await this.#ask<{ responses?: Ranged[] }>('/v3/kv/txn', {
      success: keys.map((key) => ({ request_range: { key: base64(key) } })),
    });
    return keys.map((_, at) => {
      const found = responses[at]?.response_range?.kvs?.[0];
      return found && foundIn(found);
    });
  }

  async transact({ compare, change }: Transaction): Promise<boolean> {
    const { succeeded } = await this.#ask<{ succeeded?: boolean }>('/v3/kv/txn', {
      compare: compare.map(comparisonOf),
      success: change.map(changeOf),
    });
    return succeeded === true;
  }

  async #ask<T>(path: string, body: object): Promise<T> {
    const url = new URL(path, this.#url);
    const { status, json } = await request(url, { pem: this.#pem, body });
    if (status !== 200) throw new Error(`etcd answers ${status}`);
    return json as T;
  }
}
