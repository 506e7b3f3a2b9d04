import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { checkOf, signingKeyFromSeed, signJson, verifyKeyFrom } from './signatures.ts';

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

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(${JSON.stringify(new URL('verification.ts', import.meta.url).href)})
    .then(({ verifyNow }) => parentPort.postMessage(verifyNow(workerData)));
`;
