import type { UserId } from '../../protocol/identifiers.ts';

export interface Upgrade {
  readonly userId: UserId;
  readonly version: string;
  readonly additionalCreators: readonly UserId[];
}
