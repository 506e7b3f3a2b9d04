import type { AddressTerm } from '../../core/effects.ts';
import type { Millis } from '../../core/timings.ts';

/** How this site shows the address to the network. What fails is thrown. */
export interface AddressDriver {
  /** Shows it here, or goes on doing so. Where it can end by itself it does not after `until` (D9). */
  hold(until: Millis, term: AddressTerm): Promise<void>;
  /** It is about to leave: new connections wait for its next site, and the others may end here. */
  refuseNew(): Promise<void>;
  drop(): Promise<void>;
  /** An earlier process of ours may have left it. */
  present(): Promise<boolean>;
  close(): void;
}

/** What every driver is given. */
export interface Ground {
  /** The clock that `until` is read on. */
  readonly now: () => Millis;
  readonly onTrouble: (error: unknown) => void;
}
