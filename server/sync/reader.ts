import type { UserId } from '../protocol/identifiers.ts';
import type { Ruleset } from '../protocol/push-rules/rules.ts';
import type { Device } from './active/device.ts';
import type { StateKey } from './answer-text.ts';
import type { Filter } from './filter/filter.ts';

/** Who reads an answer, and how they want it. */
export interface Reader {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly device: Device;
  readonly filter: Filter;
  /** Full state, also where only changes were due. */
  readonly fullState: boolean;
  readonly stateKey: StateKey;
  /** State up to the end of the timeline and not up to its start. */
  readonly stateAfter: boolean;
  /** Their messages are left out; their state events are not. */
  readonly ignored: ReadonlySet<UserId>;
  readonly pushRules: () => Promise<Ruleset>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The part of the log that an answer shows: in (after, upTo]. `after` is 0 for everything. */
export interface Span {
  readonly after: number;
  readonly upTo: number;
}
