import { vi } from 'vitest';
import { PATIENCE_MS } from './patience-ms.ts';

// A state is waited for, never for a time: what a quiet machine shows within milliseconds a busy one may show after many
// seconds, and vitest gives up after one. `expect.poll` has its limit in vitest.config.ts. Whoever asks for more gets it; a
// shorter wait is no bound: a test that holds something to a time looks at how long it took.

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patiently(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patiently(options));

function patiently(options: Parameters<typeof waitFor>[1] = {}) {
  const asked = typeof options === 'number' ? { timeout: options } : options;
  return { ...asked, timeout: Math.max(PATIENCE_MS, asked.timeout ?? 0) };
}
