import type { UserId } from './identifiers.ts';

/** Who makes a request, once it is authenticated. Features get it, and http makes it. */
export interface Caller {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly tokenId: number;
  readonly guest: boolean;
}
