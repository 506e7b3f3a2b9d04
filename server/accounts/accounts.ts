import { randomBytes } from 'node:crypto';
import { type AppService, isKeptFrom, ownsUser } from '../protocol/app-service.ts';
import {
  localpartOf,
  newUserId,
  parseUserId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../protocol/identifiers.ts';
import { exclusive, MatrixError, userLocked } from '../protocol/matrix-error.ts';
import { type Account, accountOf, guestsAmong, hasAccounts } from '../storage/accounts/accounts.ts';
import type { Database } from '../storage/database.ts';
import type { Directory } from './directory.ts';

export interface AccountOptions {
  readonly serverName: ServerName;
  /** That keep names for themselves. */
  readonly appServices?: readonly AppService[];
  /** Undefined where everybody is known here. */
  readonly directory?: Pick<Directory, 'has'> | undefined;
}

/** The people who have an account here, and the names that others may have. */
export class Accounts {
  readonly serverName: ServerName;
  readonly #database: Database;
  readonly #directory: Pick<Directory, 'has'> | undefined;
  readonly #appServices: readonly AppService[];

  constructor(database: Database, options: AccountOptions) {
    this.serverName = options.serverName;
    this.#database = database;
    this.#directory = options.directory;
    this.#appServices = options.appServices ?? [];
  }

  hasAny(): Promise<boolean> {
    return hasAccounts(this.#database);
  }

  get(userId: UserId): Promise<Account | undefined> {
    return accountOf(this.#database, userId);
  }

  /** Those of the users who are guests. */
  guestsAmong(userIds: readonly UserId[]): Promise<readonly UserId[]> {
    return guestsAmong(this.#database, userIds);
  }

  /**
   * The user id that a new account by this name has; M_INVALID_USERNAME, M_EXCLUSIVE or M_USER_IN_USE
   * else. `by` is the application service that makes it, if one does: it goes on to call its users as it has named them,
   * so its names are not folded.
   */
  async availableUserId(localpart: string, by?: AppService): Promise<UserId> {
    const userId = newUserId(by ? localpart : folded(localpart), this.serverName);
    if (!userId.ok) throw new MatrixError(400, 'M_INVALID_USERNAME', userId.reason);
    this.refuseKept(userId.value, by);
    await this.refuseTaken(userId.value);
    // Whoever came first would keep out whose name it is.
    if (!by && (await this.#directory?.has(localpartOf(userId.value)))) throw inUse(userId.value);
    return userId.value;
  }

  /** For whoever does not care how they are called. */
  chanceUserId(): Promise<UserId> {
    return this.availableUserId(randomBytes(8).toString('hex'));
  }

  /** As people write it at a login: a localpart or a whole id. Undefined if it is not of this server. */
  localUserId(text: string): UserId | undefined {
    const userId = this.exactUserId(text);
    return userId && (`@${folded(localpartOf(userId))}:${this.serverName}` as UserId);
  }

  /** The same as application services write it, who name their users exactly. */
  exactUserId(text: string): UserId | undefined {
    const userId = parseUserId(text.startsWith('@') ? text : `@${text}:${this.serverName}`);
    return userId.ok && serverNameOf(userId.value) === this.serverName ? userId.value : undefined;
  }

  async refuseLocked(userId: UserId): Promise<void> {
    const account = await this.get(userId);
    if (account?.lockedMs != null) throw userLocked();
  }

  /** M_EXCLUSIVE where an application service keeps the name, or where it is none of its own who asks. */
  refuseKept(userId: UserId, by: AppService | undefined): void {
    const isTheirs = by === undefined || ownsUser(by, userId);
    if (isTheirs && !isKeptFrom(this.#appServices, 'users', userId, by)) return;
    throw exclusive(`${localpartOf(userId)} is not yours to have: an application service keeps it`);
  }

  /** M_USER_IN_USE */
  async refuseTaken(userId: UserId): Promise<void> {
    if (await this.get(userId)) throw inUse(userId);
  }
}

const inUse = (userId: UserId) =>
  new MatrixError(400, 'M_USER_IN_USE', `${localpartOf(userId)} is taken`);

/** Nobody shall be told apart by them; ids are made of lower case only. */
const folded = (localpart: string): string =>
  localpart.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
