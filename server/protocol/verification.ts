import { type KeyObject, verify } from 'node:crypto';

/** One signature to check. A KeyObject can be posted to a worker thread; so can this. */
export interface SignatureCheck {
  readonly text: string;
  readonly signature: Uint8Array;
  readonly key: KeyObject;
}

/** For a few, and inside of a worker thread. */
export const verifyNow = (checks: readonly SignatureCheck[]): boolean[] =>
  checks.map(({ text, signature, key }) => verify(null, Buffer.from(text), key, signature));

/**
 * Off the event loop, on libuv's pool of threads. Only as many as keep its threads busy are handed
 * over at a time: file system and DNS wait in the same queue.
 */
export const verifyAside = async (checks: readonly SignatureCheck[]): Promise<boolean[]> => {
  const results = new Array<boolean>(checks.length).fill(false);
  const queue = checks.entries();
  const lane = async () => {
    for (const [i, check] of queue) results[i] = await verifyOne(check);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, checks.length) }, lane));
  return results;
};

const LANES = 8;

const verifyOne = ({ text, signature, key }: SignatureCheck): Promise<boolean> =>
  new Promise((resolve, reject) => {
    verify(null, Buffer.from(text), key, signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    );
  });
