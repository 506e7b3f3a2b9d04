/**
 * What to do with a request after one attempt. Pure: this is the promise that the front makes to
 * clients, so it stands alone and is tested line by line.
 */
export type Attempt =
  | { kind: 'answered' }
  /** The writer never saw it, or said that it did nothing: sending it again cannot double it. */
  | {
      kind: 'not-executed';
      why: string;
      /** The site itself said so; else no connection came about. */
      reached?: boolean;
    }
  /** It was sent and no answer came. The outcome row (D6) makes the repeat safe. */
  | { kind: 'unknown'; why: string; epoch: number }
  /** As that, but broken off by us since the link was cut and there is another way: no writer died. */
  | { kind: 'rerouted'; why: string };

export interface History {
  /** Epochs of the writers that fell silent with this request in flight. */
  readonly silentEpochs: readonly number[];
}

export type Verdict = 'answer' | 'hold' | 'replay' | 'set-aside';

/** A request that kills writers must not be carried round all sites (D1, poison). */
const REPLAYS_MAX = 2;

export function verdictOn(attempt: Attempt, history: History): Verdict {
  if (attempt.kind === 'answered') return 'answer';
  if (attempt.kind === 'not-executed') return 'hold';
  if (attempt.kind === 'rerouted') return 'replay';
  const silent = [...history.silentEpochs, attempt.epoch];
  const writersLost = new Set(silent).size;
  return writersLost >= 2 || silent.length > REPLAYS_MAX ? 'set-aside' : 'replay';
}
