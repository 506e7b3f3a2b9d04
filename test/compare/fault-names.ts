/** In the order in which they are tried and shown. */
export const FAULT_NAMES = [
  'homeserver-killed',
  'proxy-killed',
  'switchover',
  'power-loss',
  'network-cut',
  'both-in-a-row',
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];
