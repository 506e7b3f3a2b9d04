import type { Accounts } from '../accounts/accounts.ts';
import type { Registrations } from '../accounts/registrations.ts';
import { hashOfSecret } from '../accounts/token-secret.ts';
import { Lru } from '../log/lru.ts';
import { notKept } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import { type AppService, isKeptFrom, ownsAlias, ownsUser } from '../protocol/app-service.ts';
import type { User } from '../protocol/caller.ts';
import { parseUserId, type RoomAlias, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { exclusive, forbidden, invalidParam, MatrixError } from '../protocol/matrix-error.ts';
import { type Account, accountOf } from '../storage/accounts/accounts.ts';
import { devicesOf } from '../storage/accounts/devices.ts';

export interface AppServicePorts {
  readonly stored: Stored;
  readonly accounts: Pick<Accounts, 'get' | 'serverName'>;
  readonly registrations: Pick<Registrations, 'registerOfService'>;
}

export interface ActingAs {
  /** The service's sender where it names none. */
  readonly userId: string | undefined;
  readonly deviceId: string | undefined;
}

const USERS_MAX = 20_000;

interface Known {
  readonly account: Account;
  readonly deviceIds: ReadonlySet<string>;
}

/** The application services that the operator has let in, and whom they may act for. */
export class AppServices {
  readonly #all: readonly AppService[];
  readonly #byToken: ReadonlyMap<string, AppService>;
  readonly #ports: AppServicePorts;
  /** Of those whom services acted for lately: a bridge has thousands, and asks much. */
  readonly #users = new Lru<UserId, Known>(USERS_MAX);
  /** Of whom something changed while they were looked up: what was read may be of before. */
  readonly #lookedUp = new Map<UserId, { count: number; isStale: boolean }>();

  constructor(all: readonly AppService[], ports: AppServicePorts) {
    this.#all = all;
    this.#byToken = new Map(all.map((service) => [hashOfSecret(service.asToken), service]));
    this.#ports = ports;
    ports.stored.log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'logins' || record.kind === 'device-list') this.#forget(record.userId);
    });
  }

  get hasAny(): boolean {
    return this.#all.length > 0;
  }

  /** Their senders are there before they first ask, as most of them expect. */
  async begin(): Promise<void> {
    const { accounts, registrations } = this.#ports;
    for (const { sender } of this.#all)
      if (!(await accounts.get(sender)))
        await registrations.registerOfService({ userId: sender, session: undefined }, notKept);
  }

  /** By a hash, so that the time to answer tells nothing of the tokens. */
  behind(token: string): AppService | undefined {
    return this.#all.length === 0 ? undefined : this.#byToken.get(hashOfSecret(token));
  }

  /** Identity assertion: the caller is that user then, on that device or on none. */
  async actFor(service: AppService, { userId: named, deviceId }: ActingAs): Promise<User> {
    const userId = named === undefined ? service.sender : asserted(service, named);
    if (serverNameOf(userId) !== this.#ports.accounts.serverName) throw notTheirs();
    const { account, deviceIds } = await this.#known(userId);
    if (deviceId !== undefined && !deviceIds.has(deviceId))
      throw new MatrixError(400, 'M_UNKNOWN_DEVICE', 'The user has no such device');
    const isFree = userId === service.sender || !service.isRateLimited;
    const { suspendedMs, lockedMs, admin } = account;
    return {
      ...{ kind: 'user', userId, deviceId, service },
      ...(suspendedMs !== null && { standing: 'suspended' as const }),
      ...(lockedMs !== null && { standing: 'locked' as const }),
      ...(isFree && { rate: 'exempt' as const }),
      ...(admin && { isAdmin: true as const }),
    };
  }

  /** Of an alias that somebody wants to make or take away: others' may be kept by a service, and a service keeps to its own. */
  refuseAlias(alias: RoomAlias, by: AppService | undefined): void {
    const isTheirs = by === undefined || ownsAlias(by, alias);
    if (isTheirs && !isKeptFrom(this.#all, 'aliases', alias, by)) return;
    throw exclusive(`${alias} is not yours to have: an application service keeps such aliases`);
  }

  async #known(userId: UserId): Promise<Known> {
    const remembered = this.#users.get(userId);
    if (remembered) return remembered;
    const looking = this.#lookedUp.get(userId) ?? { count: 0, isStale: false };
    this.#lookedUp.set(userId, looking);
    looking.count += 1;
    try {
      const known = await this.#read(userId);
      if (!looking.isStale) this.#users.set(userId, known);
      return known;
    } finally {
      looking.count -= 1;
      if (looking.count === 0) this.#lookedUp.delete(userId);
    }
  }

  async #read(userId: UserId): Promise<Known> {
    const { lookUps } = this.#ports.stored;
    const [account, devices] = await Promise.all([
      accountOf(lookUps, userId),
      devicesOf(lookUps, userId),
    ]);
    if (!account || account.deactivatedMs !== null) throw notRegistered(userId);
    return { account, deviceIds: new Set(devices.map((device) => device.deviceId)) };
  }

  #forget(userId: UserId): void {
    const looking = this.#lookedUp.get(userId);
    if (looking) looking.isStale = true;
    this.#users.delete(userId);
  }
}

function asserted(service: AppService, text: string): UserId {
  const parsed = parseUserId(text);
  if (!parsed.ok) throw invalidParam(`user_id: ${parsed.reason}`);
  if (!ownsUser(service, parsed.value)) throw notTheirs();
  return parsed.value;
}

const notTheirs = () => forbidden('The application service cannot masquerade as this user');
const notRegistered = (userId: UserId) =>
  forbidden(`The application service has not registered ${userId}`);
