/** How the first so many servers behave; the others take what they are sent. */
export interface Wish {
  readonly kind: 'behave' | 'tell';
  readonly as?: 'dead' | 'paused' | 'away';
  readonly count?: number;
}

/** Since it was last told. */
export interface Told {
  readonly transactions: number;
  /** Each counted once for each server. */
  readonly events: number;
  /** From when a message was sent until a server had it. */
  readonly latenciesMs: readonly number[];
  readonly connectionsMost: number;
}

export const nameOf = (index: number): string => `p${index}.peers.test`;
