import { openSync, readSync } from 'node:fs';
import type { Millis } from '../../core/timings.ts';

/**
 * CLOCK_BOOTTIME, which counts on while the machine is suspended, to 10 ms: the clock on which agent
 * and server speak of deadlines. Node's own monotonic clock stands still in a suspend.
 */
export function bootTime(): () => Millis {
  const file = openSync('/proc/uptime', 'r');
  const buffer = Buffer.alloc(64);
  return () => {
    const length = readSync(file, buffer, 0, buffer.length, 0);
    const text = buffer.toString('latin1', 0, length);
    const seconds = Number(text.slice(0, text.indexOf(' ')));
    if (!Number.isFinite(seconds)) throw new Error(`/proc/uptime says "${text.trim()}"`);
    return Math.round(seconds * 1_000);
  };
}
