import { z } from 'zod';
import { RecordedRuns } from '../../support/recorded.ts';
import { ran, SYSTEMS } from '../results.ts';

/** Where the measured server stands: alone, or as three sites in containers with so many milliseconds between them and back. */
export const PLACES = ['one site', 'three sites, near', 'three sites, 20 ms apart'] as const;
export type Place = (typeof PLACES)[number];

const milliseconds = z.number().min(0);

/** So many senders, each in a room of its own of ten members, who send on when the last message is acknowledged. */
const messages = z.strictObject({
  kind: z.literal('messages'),
  system: z.enum(SYSTEMS),
  place: z.enum(PLACES),
  senders: z.int().min(1),
  perSecond: z.number().min(0),
  p50Ms: milliseconds,
  p99Ms: milliseconds,
  /** Milliseconds for each message, by program. */
  cpuMs: z.record(z.string(), milliseconds),
  ...ran,
});

/** A server with so many rooms, of which a tenth were used in an hour by 1,000 people. Resident, of the server alone. */
const memory = z.strictObject({
  kind: z.literal('memory'),
  rooms: z.int().min(1),
  startMiB: z.number().min(0),
  peakMiB: z.number().min(0),
  restMiB: z.number().min(0),
  ...ran,
});

const run = z.discriminatedUnion('kind', [messages, memory]);

export type MessagesRun = z.infer<typeof messages>;
export type MemoryRun = z.infer<typeof memory>;
export type CostRun = z.infer<typeof run>;

export const COSTS = new RecordedRuns<CostRun>(1, run);
export const COSTS_FILE = 'docs/measured/cost.json';
