import { z } from 'zod';
import { RecordedRuns } from '../support/recorded.ts';
import { FAULT_NAMES } from './fault-names.ts';

/** Of the format of the file: what another one says is not guessed at. */
export const VERSION = 1;

export const SYSTEMS = ['farol', 'synapse'] as const;
export type SystemName = (typeof SYSTEMS)[number];

const count = z.int().min(0);
const counts = z.record(z.string(), count);

/** What the clients felt of one fault, and what the database that survived says. Times in milliseconds. */
const figures = {
  /** All times after the fault in which nobody was acknowledged anything, those that were usual before left out (pauses.ts). */
  withoutAcknowledgementMs: count,
  /** The longest of them. */
  longestPauseMs: count,
  /** The same of new TLS connections to the floating address. */
  withoutAnswerMs: count,
  /** All that clients asked, repeats among it. */
  requests: count,
  /** Those that failed, by what was asked and why. */
  failed: counts,
  /** Messages of which somebody was told at least once that sending failed; they were repeated. */
  messagesFailed: count,
  acknowledged: count,
  lost: count,
  doubled: count,
  outOfOrder: count,
  /** Whatever else the checker found, by its kind. */
  otherwiseWrong: counts,
  /** Per 100 ms from `SERIES_FROM_MS` before the fault on. */
  acknowledgements: z.array(count),
  answers: z.array(count),
};

/** What a person had to do: nothing; or else the lab waited in vain for this to come by itself. */
const HANDS = ['none', 'to serve again', 'to have all copies again'] as const;

/** When and where anything was measured. */
export const ran = {
  at: z.iso.datetime(),
  /** Of this repository. */
  commit: z.string().regex(/^[0-9a-f]{7,40}$/),
  machine: z.string(),
  /** Load averages of a minute, before and behind. */
  load: z.tuple([z.number(), z.number()]),
};

const run = z.strictObject({
  system: z.enum(SYSTEMS),
  fault: z.enum(FAULT_NAMES),
  ...ran,
  versions: z.record(z.string(), z.string()),
  hand: z.enum(HANDS),
  ...figures,
});

export type Run = z.infer<typeof run>;

/** What `npm run compare` found. */
export const RUNS = new RecordedRuns<Run>(VERSION, run);
