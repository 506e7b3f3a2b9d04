import { vi } from 'vitest';
import { PATIENCE_MS } from './patience-ms.ts';

// A state is waited for, never for a time: what a quiet machine shows within milliseconds a busy one may show after many
// seconds, and vitest gives up after one. `expect.poll` has its limit in vitest.config.ts.

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patiently(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patiently(options));

const patiently = (options: Parameters<typeof waitFor>[1] = {}) => ({
  ...(typeof options === 'number' ? {} : options),
  timeout: PATIENCE_MS,
});
