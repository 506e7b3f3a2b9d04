import type { RoomAlias, RoomId, UserId } from './identifiers.ts';

/** A bridge or bot that the operator has let in (Application Service API, "Registration"). */
export interface AppService {
  readonly id: string;
  /** Where it listens, without a slash at the end; undefined for one that wants to be told nothing. */
  readonly url: string | undefined;
  /** By which it is known here. */
  readonly asToken: string;
  /** By which we are known there. */
  readonly hsToken: string;
  /** The user that it is where it names none. */
  readonly sender: UserId;
  readonly namespaces: Readonly<Record<NamespaceKind, readonly Namespace[]>>;
  /** Whether its users have the limits of others. Its sender has none. */
  readonly isRateLimited: boolean;
  /** It wants typing, receipts and presence, too. */
  readonly receivesEphemeral: boolean;
  /** Of the networks that it bridges to, such as `irc`. */
  readonly protocols: readonly string[];
}

export type NamespaceKind = 'users' | 'aliases' | 'rooms';

export interface Namespace {
  /** Nobody else may have what is in it. */
  readonly isExclusive: boolean;
  readonly regex: RegExp;
}

/** Whether an id is one that the service may act for, or make. */
export const ownsUser = (service: AppService, userId: UserId): boolean =>
  userId === service.sender || isIn(service.namespaces.users, userId);

export const ownsAlias = (service: AppService, alias: RoomAlias): boolean =>
  isIn(service.namespaces.aliases, alias);

/** Whether somebody other than `by` has kept the id for themselves; undefined for whoever is no service. */
export const isKeptFrom = (
  services: readonly AppService[],
  kind: Exclude<NamespaceKind, 'rooms'>,
  id: UserId | RoomAlias,
  by: AppService | undefined,
): boolean =>
  services.some(
    (service) =>
      service.id !== by?.id &&
      (id === service.sender ||
        isIn(
          service.namespaces[kind].filter(({ isExclusive }) => isExclusive),
          id,
        )),
  );

const isIn = (namespaces: readonly Namespace[], id: UserId | RoomAlias | RoomId): boolean =>
  namespaces.some(({ regex }) => regex.test(id));
