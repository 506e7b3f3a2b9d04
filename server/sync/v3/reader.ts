import type { Reader as AnyReader } from '../reader.ts';
import type { Filter } from './filter/filter.ts';

/** Who reads an answer of /v3/sync, and how they want it. */
export interface Reader extends AnyReader {
  readonly filter: Filter;
  /** Full state, also where only changes were due. */
  readonly fullState: boolean;
  readonly stateKey: StateKey;
  /** State up to the end of the timeline and not up to its start. */
  readonly stateAfter: boolean;
  /** Of each room; as much as an answer should hold unless told. */
  readonly timelineBytesMax?: number | undefined;
}

/** The last one is `state_after` as it was called before it came into the specification. */
export type StateKey = 'state' | 'state_after' | 'org.matrix.msc4222.state_after';
