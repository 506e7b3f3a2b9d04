import type { Deeds } from '../../effects.ts';
import type { Interface } from './interface.ts';
import type { Parts } from './parts.ts';

export const deedsWithAddress = ({ process }: Parts, addresses: Interface) =>
  ({
    'hold-address': ({ until }) => process.runChild(addresses.hold(until)),
    'refuse-connections': ({ kind }) => {
      process.runChild({ takesMs: 50, run: () => ({ kind: 'done', effect: kind }) });
    },
    'drop-address': () => process.runChild(addresses.drop()),
  }) satisfies Partial<Deeds<void>>;
