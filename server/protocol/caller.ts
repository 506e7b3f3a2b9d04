import type { UserId } from './identifiers.ts';

/**
 * Who makes a request, once it is authenticated; http makes it. What a person does asks for a
 * `Person`, so a caller of a further kind gets nowhere that was not made for it.
 */
export type Caller = Person | Admin;

export type Person = User | Guest;

/** Known by an access token. */
export interface User extends OnDevice {
  readonly kind: 'user';
  /** May call as an `Admin`, too. */
  readonly isAdmin?: true;
}

/** Known by an access token, too. May do less. */
export interface Guest extends OnDevice {
  readonly kind: 'guest';
}

/** A user who answers for this server, where they call as such. */
export interface Admin extends OnDevice {
  readonly kind: 'admin';
}

interface OnDevice {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly tokenId: number;
  /** With the administrators of this server; absent for good. */
  readonly standing?: 'suspended' | 'locked';
  /** How fast they may ask, where an administrator has said so. */
  readonly rate?: OwnRate;
}

export type OwnRate = 'unlimited' | { readonly perSecond: number; readonly burst: number };
