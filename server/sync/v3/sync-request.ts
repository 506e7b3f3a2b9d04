import type { UserId } from '../../protocol/identifiers.ts';
import type { PresenceState } from '../ephemeral/presence.ts';
import type { Filter } from './filter/filter.ts';
import type { StateKey } from './reader.ts';

export interface SyncRequest {
  readonly userId: UserId;
  readonly deviceId: string;
  /** The token as the client sent it. */
  readonly since: string | undefined;
  readonly filter: Filter;
  readonly fullState: boolean;
  /** Where state goes, and so up to where: to the start of the timeline, or to its end. */
  readonly stateKey: StateKey;
  readonly setPresence: PresenceState;
  readonly timeoutMs: number;
  readonly timelineBytesMax?: number;
  /** Ends when the client has gone. */
  readonly signal: AbortSignal;
}
