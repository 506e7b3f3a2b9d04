import { randomBytes, randomInt } from 'node:crypto';
import type { Once, OutcomeRow } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import { type AppService, isKeptFrom, ownsUser } from '../protocol/app-service.ts';
import {
  localpartOf,
  newUserId,
  parseUserId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { exclusive, forbidden, MatrixError, userLocked } from '../protocol/matrix-error.ts';
import { accountDataGoneRow } from '../storage/accounts/account-data.ts';
import {
  type Account,
  accountOf,
  accountRow,
  guestsAmong,
  hasAccounts,
} from '../storage/accounts/accounts.ts';
import { erasureRow } from '../storage/accounts/erasures.ts';
import { filtersGoneRow } from '../storage/accounts/filters.ts';
import { profileFieldRow, profileGoneRow } from '../storage/accounts/profile-fields.ts';
import { thirdPartyIdsGoneRow, thirdPartyIdsOf } from '../storage/accounts/third-party-ids.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { keyBackupsGoneRows } from '../storage/encryption/key-backups.ts';
import type { Row } from '../storage/write.ts';
import { accountDataLockOf } from './account-data.ts';
import type { Devices } from './devices.ts';
import type { Directory } from './directory.ts';
import type { EmailAddress } from './email-address.ts';
import {
  hashPassword,
  isOutdated,
  isPassword,
  isWhollyCompared,
  PASSWORD_COST,
  type PasswordCost,
} from './password-hash.ts';
import type { Post } from './post.ts';
import { profileChanged } from './profiles.ts';
import type { RegistrationTokens } from './registration-tokens.ts';
import { loginsChanged, type Sessions, type SessionWish } from './sessions.ts';

export interface AccountOptions {
  readonly serverName: ServerName;
  readonly passwordCost?: PasswordCost;
  /** That keep names for themselves. */
  readonly appServices?: readonly AppService[];
}

export interface AccountParts {
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly registrationTokens: RegistrationTokens;
  /** Undefined where no e-mails are sent. */
  readonly post?: Post | undefined;
  /** Undefined where everybody is known here. */
  readonly directory?: Pick<Directory, 'has'> | undefined;
}

export interface Registration {
  readonly userId: UserId;
  readonly password: string;
  /** Undefined where the client does not want to be logged in. */
  readonly session: SessionWish | undefined;
  readonly registrationToken: string | undefined;
  readonly admin?: boolean;
  readonly displayName?: string | undefined;
  /** What is committed along with it. */
  readonly besides?: readonly Row[];
}

export interface Login {
  readonly userId: UserId;
  readonly password: string;
  readonly session: SessionWish;
}

interface AccountChange {
  readonly edit: (account: Account) => Account;
  /** The one device that stays logged in, if any does. */
  readonly keeps: string | undefined | typeof ALL_DEVICES;
  readonly body: JsonObject;
  /** What is committed along with it. */
  readonly besides?: readonly Row[];
  /** Everything goes that the user kept with us or told of themselves. */
  readonly erases?: boolean;
}

const WRONG = 'Wrong user name or password';
/** What `randomInt` has room for. */
const GUEST_NUMBERS = 2 ** 48 - 1;
/** No device id, whatever clients call theirs. */
const ALL_DEVICES = Symbol('all devices');

export class WrongPassword extends MatrixError {
  constructor() {
    super(403, 'M_FORBIDDEN', WRONG);
  }
}

/** The people who have an account here, and their passwords. */
export class Accounts {
  readonly serverName: ServerName;
  readonly #stored: Stored;
  readonly #sessions: Sessions;
  readonly #devices: Devices;
  readonly #tokens: RegistrationTokens;
  readonly #post: Post | undefined;
  readonly #directory: Pick<Directory, 'has'> | undefined;
  readonly #cost: PasswordCost;
  readonly #appServices: readonly AppService[];
  /** Compared with where there is no account, so that the time to answer does not tell. */
  #nobodysHash: Promise<string> | undefined;

  constructor(stored: Stored, parts: AccountParts, options: AccountOptions) {
    this.serverName = options.serverName;
    this.#stored = stored;
    this.#sessions = parts.sessions;
    this.#devices = parts.devices;
    this.#tokens = parts.registrationTokens;
    this.#post = parts.post;
    this.#directory = parts.directory;
    this.#cost = options.passwordCost ?? PASSWORD_COST;
    this.#appServices = options.appServices ?? [];
  }

  hasAny(): Promise<boolean> {
    return hasAccounts(this.#stored.database);
  }

  get(userId: UserId): Promise<Account | undefined> {
    return accountOf(this.#stored.database, userId);
  }

  /** Those of the users who are guests. */
  guestsAmong(userIds: readonly UserId[]): Promise<readonly UserId[]> {
    return guestsAmong(this.#stored.database, userIds);
  }

  /**
   * The user id that a new account by this name has; M_INVALID_USERNAME, M_EXCLUSIVE or M_USER_IN_USE
   * else. `by` is the application service that makes it, if one does: it goes on to call its users as it has named them,
   * so its names are not folded.
   */
  async availableUserId(localpart: string, by?: AppService): Promise<UserId> {
    const userId = newUserId(by ? localpart : folded(localpart), this.serverName);
    if (!userId.ok) throw new MatrixError(400, 'M_INVALID_USERNAME', userId.reason);
    this.#refuseKept(userId.value, by);
    await this.#refuseTaken(userId.value);
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

  /** Account, session and outcome in one transaction. */
  async register(wish: Registration, once: Once): Promise<JsonObject> {
    const passwordHash = await hashPassword(wish.password, this.#cost);
    const { besides = [], registrationToken } = wish;
    if (registrationToken === undefined) return this.#register(wish, passwordHash, besides, once);
    const answer = await this.#tokens.use(registrationToken, (tokenRow) =>
      this.#register(wish, passwordHash, [tokenRow, ...besides], once),
    );
    if (!answer) throw forbidden('The registration token is no longer valid');
    return answer;
  }

  /** Somebody without a name of their own, who may read and talk where guests are let in. Nobody can log in as them again. */
  registerGuest(session: SessionWish, once: Once): Promise<JsonObject> {
    const userId = `@${randomInt(GUEST_NUMBERS)}:${this.serverName}` as UserId;
    return this.#register({ userId, session, guest: true }, null, [], once);
  }

  /** One of its users, who has no password. */
  registerOfService(
    wish: { userId: UserId; session: SessionWish | undefined },
    once: Once,
  ): Promise<JsonObject> {
    return this.#register(wish, null, [], once);
  }

  /** Somebody whom an upstream provider vouches for, and who has no password. `rows` say so, and go along. */
  async registerVouchedFor(
    wish: { userId: UserId; displayName: string | undefined },
    rows: readonly Row[],
    once: Once,
  ): Promise<void> {
    await this.#register({ ...wish, session: undefined }, null, rows, once);
  }

  /** A session of one of its users, whom it vouches for. */
  async logInOfService(
    by: AppService,
    { userId, session }: Pick<Login, 'userId' | 'session'>,
    once: Once,
  ): Promise<JsonObject> {
    this.#refuseKept(userId, by);
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.get(userId);
      if (!account) throw forbidden('There is no such account');
      if (account.deactivatedMs !== null) throw userDeactivated();
      return this.#begin({ account, session, more: [] }, once);
    });
  }

  /** Of somebody who is in the operator's directory, which knows their password. */
  registerOfDirectory(
    wish: Pick<Registration, 'userId' | 'session' | 'displayName' | 'besides'>,
    once: Once,
  ): Promise<JsonObject> {
    this.#refuseKept(wish.userId, undefined);
    const { besides = [] } = wish;
    return this.#register({ ...wish, inDirectory: true }, null, besides, once);
  }

  /** Whom the directory has just vouched for. */
  logInOfDirectory(
    { userId, session }: Pick<Login, 'userId' | 'session'>,
    once: Once,
  ): Promise<JsonObject> {
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.get(userId);
      if (account?.deactivatedMs != null) throw userDeactivated();
      if (!account?.inDirectory) throw new WrongPassword();
      return this.#begin({ account, session, more: [] }, once);
    });
  }

  async logIn(login: Login, once: Once): Promise<JsonObject> {
    const { userId, password } = login;
    const checked = await this.#checked(userId, password);
    const renewed = await this.#renewedHash(checked, password);
    return this.#stored.locks.run(lockOf(userId), async () => {
      // Hashing takes long enough for the password to be changed, or the account to be closed.
      const now = await this.get(userId);
      if (!now || now.passwordHash !== checked.passwordHash) throw forbidden(WRONG);
      const more = renewed === undefined ? [] : [accountRow({ ...now, passwordHash: renewed })];
      return this.#begin({ account: now, session: login.session, more }, once);
    });
  }

  /** A session, with what is to be written besides. */
  async #begin(
    { account, session, more }: { account: Account; session: SessionWish; more: readonly Row[] },
    once: Once,
  ): Promise<JsonObject> {
    const prepared = await this.#sessions.prepare(account, session);
    return this.#stored.log.commit((position) => {
      const { rows, records, answer } = prepared(position);
      const outcome = once.outcome(200, answer, { secret: true });
      const change = { rows: [...more, ...rows], records, outcome, touches: [] };
      return { change, value: answer };
    });
  }

  async refuseLocked(userId: UserId): Promise<void> {
    const account = await this.get(userId);
    if (account?.lockedMs != null) throw userLocked();
  }

  async hasPassword(userId: UserId, password: string): Promise<boolean> {
    return this.#isPasswordOf(await this.get(userId), password);
  }

  /** With `logoutDevices` all devices but the caller's go. */
  async changePassword(
    change: {
      userId: UserId;
      /** The caller's; undefined for an administrator's, who has none of the user's. */
      deviceId: string | undefined;
      password: string;
      logoutDevices: boolean;
      /** What is committed along with it. */
      besides?: readonly Row[];
    },
    once: Once,
  ): Promise<void> {
    const { userId, deviceId, password, logoutDevices, besides = [] } = change;
    if ((await this.get(userId))?.inDirectory) throw passwordIsElsewhere();
    const passwordHash = await hashPassword(password, this.#cost);
    await this.#change(userId, once, {
      edit: (account) => ({ ...account, passwordHash }),
      keeps: logoutDevices ? deviceId : ALL_DEVICES,
      besides: [...besides, ...(await this.#newsOfPassword(userId))],
      body: {},
    });
    this.#post?.wake();
  }

  /** Of whom it is asked with each of their tokens: the record `logins` ends what is remembered. */
  async setAdmin(userId: UserId, admin: boolean, once: Once): Promise<void> {
    await this.#change(userId, once, {
      edit: (account) => ({ ...account, admin }),
      keeps: ALL_DEVICES,
      body: {},
    });
  }

  /** The name is never given out again. With `erase` nothing stays that the user kept with us or told of themselves. */
  async deactivate(
    { userId, erase }: { userId: UserId; erase: boolean },
    once: Once,
    body: JsonObject,
  ): Promise<void> {
    const deactivatedMs = this.#stored.now();
    const end = () =>
      this.#change(userId, once, {
        edit: (account) => ({ ...account, passwordHash: null, deactivatedMs }),
        keeps: undefined,
        besides: [...keyBackupsGoneRows(userId), thirdPartyIdsGoneRow(userId)],
        erases: erase,
        body,
      });
    // What is put at the same moment comes before: nothing is put behind it, since all tokens end.
    await this.#stored.locks.run(accountDataLockOf(userId), end);
  }

  async #register(
    wish: Pick<Registration, 'userId' | 'admin' | 'session' | 'displayName'> & {
      guest?: boolean;
      inDirectory?: boolean;
    },
    passwordHash: string | null,
    rows: readonly Row[],
    once: Once,
  ): Promise<JsonObject> {
    const { userId, admin = false, guest = false, inDirectory = false } = wish;
    const { session, displayName } = wish;
    return this.#stored.locks.run(lockOf(userId), async () => {
      await this.#refuseTaken(userId);
      const createdMs = this.#stored.now();
      const ends = { deactivatedMs: null, suspendedMs: null, lockedMs: null };
      const account = { userId, passwordHash, admin, guest, inDirectory, createdMs, ...ends };
      const prepared = session && (await this.#sessions.prepare(account, session));
      return this.#stored.log.commit((position) => {
        const nothing = { rows: [], records: [], answer: { user_id: userId } };
        const made = prepared?.(position) ?? nothing;
        const named = displayName === undefined ? undefined : nameOf(userId, displayName, position);
        const all = [...rows, accountRow(account), ...made.rows, ...(named?.rows ?? [])];
        const outcome = once.outcome(200, made.answer, { secret: true });
        const records = [...made.records, ...(named?.records ?? [])];
        return { change: { rows: all, records, outcome, touches: [] }, value: made.answer };
      });
    });
  }

  async #change(userId: UserId, once: Once, change: AccountChange): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.get(userId);
      if (!account) throw forbidden('There is no such account');
      const { edit, body, besides = [], erases = false } = change;
      const commit = (rows: readonly Row[]) => {
        const outcome = once.outcome(200, body);
        return this.#commitChange([accountRow(edit(account)), ...besides, ...rows], {
          userId,
          outcome,
          erases,
        });
      };
      if (change.keeps === ALL_DEVICES) await commit([]);
      else await this.#devices.deleteAllBut(userId, change.keeps, commit);
    });
  }

  #commitChange(
    changed: readonly Row[],
    {
      userId,
      outcome,
      erases,
    }: { userId: UserId; outcome: OutcomeRow | undefined; erases: boolean },
  ) {
    return this.#stored.log.commit((next) => {
      const position = next();
      const record = { kind: 'device-list', userId } as const;
      const gone = erases ? [...erasedRows(userId), erasureRow({ userId, position })] : [];
      const rows = [...changed, ...gone, deviceListRow(userId, position)];
      const records = [
        { position, record },
        loginsChanged(userId, next()),
        ...(erases ? [profileChanged(userId, next())] : []),
      ];
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }

  /** Whoever has found a way to change it shall not do so unseen. */
  async #newsOfPassword(userId: UserId): Promise<Row[]> {
    const post = this.#post;
    if (!post) return [];
    const known = await thirdPartyIdsOf(this.#stored.database, userId);
    return known.map(({ address }) =>
      post.row(address as EmailAddress, { kind: 'password-changed', userId }),
    );
  }

  async #isPasswordOf(account: Account | undefined, password: string): Promise<boolean> {
    const known = account?.passwordHash ?? null;
    this.#nobodysHash ??= hashPassword('', this.#cost);
    const matches = await isPassword(password, known ?? (await this.#nobodysHash));
    return matches && known !== null;
  }

  /** The account with the very hash that the password was compared with. */
  async #checked(userId: UserId, password: string): Promise<Account> {
    const account = await this.get(userId);
    const matches = await this.#isPasswordOf(account, password);
    if (account?.deactivatedMs != null) throw userDeactivated();
    if (!account || !matches) throw new WrongPassword();
    return account;
  }

  /** Of an earlier release, or an earlier cost: only now is the password at hand. */
  async #renewedHash({ passwordHash }: Account, password: string): Promise<string | undefined> {
    if (passwordHash === null || !isOutdated(passwordHash, this.#cost)) return undefined;
    if (!isWhollyCompared(password, passwordHash)) return undefined;
    return hashPassword(password, this.#cost);
  }

  #refuseKept(userId: UserId, by: AppService | undefined) {
    const isTheirs = by === undefined || ownsUser(by, userId);
    if (isTheirs && !isKeptFrom(this.#appServices, 'users', userId, by)) return;
    throw exclusive(`${localpartOf(userId)} is not yours to have: an application service keeps it`);
  }

  async #refuseTaken(userId: UserId) {
    if (await this.get(userId)) throw inUse(userId);
  }
}

const passwordIsElsewhere = () =>
  forbidden('The password is that of the directory of this server: change it there');

const inUse = (userId: UserId) =>
  new MatrixError(400, 'M_USER_IN_USE', `${localpartOf(userId)} is taken`);

const userDeactivated = () =>
  new MatrixError(403, 'M_USER_DEACTIVATED', 'This account has been deactivated');

/** Nobody shall be told apart by them; ids are made of lower case only. */
const folded = (localpart: string): string =>
  localpart.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

const nameOf = (userId: UserId, displayName: string, position: () => number) => ({
  rows: [profileFieldRow(userId, 'displayname', JSON.stringify(displayName))],
  records: [profileChanged(userId, position())],
});

const erasedRows = (userId: UserId): Row[] => [
  accountDataGoneRow(userId),
  profileGoneRow(userId),
  filtersGoneRow(userId),
];
