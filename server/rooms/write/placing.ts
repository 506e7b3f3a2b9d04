import type { Membership } from '../membership/membership.ts';
import type { StateChain } from '../state/state-chain.ts';

/** What stands at a key by its name: it may have no number yet. Undefined where it is not there. */
export interface NamedChange {
  readonly type: string;
  readonly stateKey: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** A state as what differs from one that is stored. */
export interface StateUpon {
  readonly chain: StateChain;
  readonly base: ReadonlyMap<number, number>;
  readonly changes: readonly NamedChange[];
}

/** Where an event stands that is not built on the room's head. */
export interface PlacingApart {
  /** Of an outlier that was stored before. */
  readonly storedNid: number | undefined;
  readonly before: StateUpon;
  /** What stands there at its key. */
  readonly replaced: { readonly nid: number } | undefined;
  /** The state behind an outlier, where a server told it before this found its place. */
  readonly after?: StateChain | undefined;
}

export interface Placing extends PlacingApart {
  /** What becomes of the current state. */
  readonly head: CurrentMove;
}

export interface CurrentMove {
  readonly changes: readonly CurrentChange[];
  /** Where the room was in that state before. */
  readonly stored: StateChain | undefined;
}

export interface CurrentChange {
  readonly type: string;
  readonly stateKey: string;
  /** `placed` is the event itself, whose number is not known before. */
  readonly to: number | 'placed' | undefined;
  readonly membership: Membership | undefined;
  readonly membershipBefore: Membership | undefined;
}
