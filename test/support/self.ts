import type { Self } from '../../failover/core/state.ts';
import type { Site } from '../../failover/core/view.ts';

/** An agent's own site: one with everything, of three, on a machine `m` in its first start. */
export const selfAt = (site: Site, special: Partial<Self> = {}): Self => ({
  ...{ site, machine: 'm', boot: '1', witness: false, strict: true },
  ...{ serverUrl: `https://${site}`, mayHandOver: true, mayHoldAddress: true },
  ...{ failsafe: false, thirdFence: false, alone: false },
  ...special,
});
