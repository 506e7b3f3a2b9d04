import { parentPort } from 'node:worker_threads';
import { whatBecame } from './what-became.ts';

// A thread of workers.ts: runs the seeds that it is told, and says what became of them.

parentPort!.on('message', ([from, end]: [number, number]) => {
  parentPort!.postMessage(whatBecame(from, end));
});
