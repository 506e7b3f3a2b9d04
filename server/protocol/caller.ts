import type { AppService } from './app-service.ts';
import type { ServerName, UserId } from './identifiers.ts';
import { hostOfServer } from './server-host.ts';

/**
 * Who makes a request, once it is authenticated; http makes it. What a person does asks for a
 * `Person`, so a caller of a further kind gets nowhere that was not made for it.
 */
export type Caller = Person | Admin | Service | Server;

export type Person = User | Guest;

/** As whose device they call is known: of most it is, by their token. */
export type OnDevice<P extends Person = Person> = P & { readonly deviceId: string };

/** Known by an access token. */
export interface User extends Account {
  readonly kind: 'user';
  /** May call as an `Admin`, too. */
  readonly isAdmin?: true;
  /** That acts for them, and is known by its own token. */
  readonly service?: AppService;
}

/** Known by an access token, too. May do less. */
export interface Guest extends Account {
  readonly kind: 'guest';
}

/** A user who answers for this server, where they call as such. */
export interface Admin extends Account {
  readonly kind: 'admin';
}

/** An application service that acts for itself, known by the token of its registration. */
export interface Service {
  readonly kind: 'service';
  readonly service: AppService;
}

/** Another homeserver, known by its signature over the request. */
export interface Server {
  readonly kind: 'server';
  readonly origin: ServerName;
}

export const isPerson = (caller: Caller): caller is Person | Admin =>
  caller.kind === 'user' || caller.kind === 'guest' || caller.kind === 'admin';

/**
 * Whom a request counts for: in limits, in what may wait, and at the front. Of a server with a word
 * before its host, since that may be an address, by which strangers are counted.
 */
export function subscriberIn(caller: Caller): string {
  switch (caller.kind) {
    case 'user':
    case 'guest':
    case 'admin':
      return caller.userId;
    case 'service':
      return caller.service.sender;
    case 'server':
      return `server ${hostOfServer(caller.origin)}`;
    default:
      return caller satisfies never;
  }
}

/** What a caller's own rate is; that of all is the configuration's. */
export function rateOf(caller: Caller): OwnRate | 'exempt' | undefined {
  if (caller.kind === 'service') return 'exempt';
  return isPerson(caller) ? caller.rate : undefined;
}

interface Account {
  readonly userId: UserId;
  /** Absent for a user of an application service that names none. */
  readonly deviceId: string | undefined;
  /** With the administrators of this server; absent for good. */
  readonly standing?: 'suspended' | 'locked';
  /** How fast they may ask, where an administrator or an application service's registration has said so. */
  readonly rate?: OwnRate | 'exempt';
}

export type OwnRate = 'unlimited' | { readonly perSecond: number; readonly burst: number };
