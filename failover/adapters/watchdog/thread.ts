import { write } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { workerData } from 'node:worker_threads';
import type { Watch } from './watchdog.ts';

// A thread of its own: looks whether the main thread goes on, and says where it stands before it ends it.

const { beats, beatMs, beatsMissedMax, stackWithinMs } = workerData as Watch;
const WRITE_WITHIN_MS = 1_000;
const STDERR = 2;
let last = Atomics.load(beats, 0);
let missed = 0;

const watching = setInterval(() => {
  const now = Atomics.load(beats, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
  if (missed < beatsMissedMax) return;
  clearInterval(watching);
  setTimeout(() => end(['(it did not say: native code?)']), stackWithinMs);
  whereMainStands(end);
}, beatMs);

function whereMainStands(tell: (stack: string[]) => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.on('Debugger.paused', ({ params }) => tell(params.callFrames.map(placeOf)));
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}

const placeOf = ({ functionName, url, location }: Debugger.CallFrame): string =>
  `${functionName || '(nameless)'} ${url}:${location.lineNumber + 1}`;

/**
 * Not through the logger, which belongs to the main thread. And not waited for: where nobody reads
 * stderr, a write to it never ends, and this process would live on.
 */
function end(stack: string[]): void {
  const time = new Date().toISOString();
  const msg = 'the event loop stands still; this process is ended';
  const line = `${JSON.stringify({ level: 60, time, pid: process.pid, stack, msg })}\n`;
  const kill = () => process.kill(process.pid, 'SIGKILL');
  setTimeout(kill, WRITE_WITHIN_MS);
  write(STDERR, line, kill);
}
