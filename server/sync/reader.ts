import type { UserId } from '../protocol/identifiers.ts';
import type { Ruleset } from '../protocol/push-rules/rules.ts';
import type { Device } from './active/device.ts';

/** Who reads an answer, whatever the protocol that they speak. */
export interface Reader {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly device: Device;
  /** Their messages are left out; their state events are not. */
  readonly ignored: ReadonlySet<UserId>;
  /** Not of who is ignored, and to who wants no invites, none (client-server API, "Invite permission"). */
  readonly seesInviteOf: (inviter: UserId | undefined) => boolean;
  readonly pushRules: () => Promise<Ruleset>;
  /** Milliseconds since 1970. */
  readonly now: number;
}
