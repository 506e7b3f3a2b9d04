import { createHook } from 'node:async_hooks';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { checkOf, signingKeyFromSeed, signJson, verifyKeyFrom } from './signatures.ts';
import { type SignatureCheck, verifyAside } from './verification.ts';

test('checks can be posted to a worker thread, which answers as we would', async () => {
  const key = signingKeyFromSeed('ed25519:1', Buffer.alloc(32, 1));
  const signed = signJson({ a: 1 }, 'domain', key);
  const checks = [signed, { ...signed, a: 2 }].map((object) =>
    checkOf(object, 'domain', 'ed25519:1', verifyKeyFrom(key.publicKey)!),
  );
  const worker = new Worker(WORKER, { eval: true, workerData: checks });
  expect((await once(worker, 'message'))[0]).toEqual([true, false]);
  await worker.terminate();
});

test("however many are checked aside, no more than eight wait in libuv's queue at once", async () => {
  const check = { ...CHECK, key: generateKeyPairSync('ed25519').publicKey };
  const waiting = { now: 0, most: 0, ids: new Set<number>() };
  const hook = createHook({
    init(id, type) {
      if (type !== 'SIGNREQUEST') return;
      waiting.ids.add(id);
      waiting.most = Math.max(waiting.most, ++waiting.now);
    },
    before: (id) => void (waiting.ids.has(id) && waiting.now--),
  }).enable();
  try {
    expect(await verifyAside(new Array(30).fill(check))).toEqual(new Array(30).fill(false));
  } finally {
    hook.disable();
  }
  expect(waiting.ids.size).toBe(30);
  expect(waiting.most).toBeGreaterThan(1);
  expect(waiting.most).toBeLessThanOrEqual(8);
});

test('a key that cannot verify at all is an error, not an invalid signature', async () => {
  const check = { ...CHECK, key: generateKeyPairSync('x25519').publicKey };
  await expect(verifyAside([check])).rejects.toThrow();
});

const CHECK: Omit<SignatureCheck, 'key'> = { text: 'text', signature: Buffer.alloc(64) };

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(${JSON.stringify(new URL('verification.ts', import.meta.url).href)})
    .then(({ verifyNow }) => parentPort.postMessage(verifyNow(workerData)));
`;
