import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Accounts } from '../accounts/accounts.ts';
import { newLoginToken } from '../accounts/login-tokens.ts';
import type { Registrations } from '../accounts/registrations.ts';
import { isSameIssuer } from '../accounts/same-issuer.ts';
import { whyNotActive } from '../accounts/why-not-active.ts';
import { commitRows } from '../log/commit-rows.ts';
import type { Seal } from '../log/outcome-store.ts';
import type { OutcomeRow } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../protocol/matrix-error.ts';
import { endedSignInRow, hasSignInEnded } from '../storage/accounts/ended-sign-ins.ts';
import { finishedStageRow } from '../storage/accounts/finished-stages.ts';
import {
  issuersOf,
  type UpstreamIdentity,
  upstreamIdentityRow,
  userOfIdentity,
} from '../storage/accounts/upstream-identities.ts';
import type { UpstreamSession } from '../storage/accounts/upstream-sessions.ts';
import type { Row } from '../storage/write.ts';
import type { EndedLogins } from './ended-logins.ts';
import { JOURNEY_MS, type Journey, type Naming, openTravel, sealTravel } from './journey.ts';
import type { Known, Provider, ProviderSettings } from './provider.ts';

export interface SignInPorts {
  readonly accounts: Pick<Accounts, 'availableUserId' | 'localUserId' | 'get'>;
  readonly registrations: Pick<Registrations, 'registerVouchedFor'>;
  /** By their ids. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Of the cluster: who went away from one writer comes back to the next one. */
  readonly seal: Seal;
  readonly endedLogins: Pick<EndedLogins, 'alone' | 'hasEnded'>;
}

export type Granted = TokenGranted | { readonly kind: 'stage' };

export interface TokenGranted {
  readonly kind: 'token';
  readonly loginToken: string;
  /** Of the client that is to have it. */
  readonly redirectUrl: string;
  readonly userId: UserId;
}

/** Says what is answered, to leave it as the outcome of the request in the commit of the token. */
export type Grant = (granted: Granted) => OutcomeRow | undefined;

/** Who is to say by which name they want an account. */
export interface NameWanted {
  readonly suggested: string;
  readonly formToken: string;
  /** For the browser's cookie. */
  readonly cookie: string;
}

export const backPath = (providerId: string): string => `/_farol/sign-in/${providerId}/back`;

/** Signing in by a provider that the operator trusts (client-server API, SSO client login). */
export class SignIn {
  readonly #stored: Stored;
  readonly #ports: SignInPorts;

  constructor(stored: Stored, ports: SignInPorts) {
    this.#stored = stored;
    this.#ports = ports;
  }

  get providers(): readonly ProviderSettings[] {
    return [...this.#ports.providers.values()].map(({ settings }) => settings);
  }

  /** That vouch for the user. */
  async providersOf(userId: UserId): Promise<readonly ProviderSettings[]> {
    const issuers = await issuersOf(this.#stored.database, userId);
    return this.providers.filter(({ issuer }) =>
      issuers.some((each) => isSameIssuer(each, issuer)),
    );
  }

  /** Where the browser is sent, and what it is to keep meanwhile. */
  async leave(
    providerId: string,
    goal: Journey['goal'],
    action?: string,
  ): Promise<{ location: string; cookie: string }> {
    const provider = this.#providerOf(providerId);
    const journey: Journey = {
      ...{ kind: 'journey', id: chance(), nonce: chance(), verifier: chance() },
      ...{ providerId, goal, untilMs: this.#stored.now() + JOURNEY_MS },
    };
    // Whoever is to prove that it is they is not to be let through because their browser was once signed in.
    const prompt = goal.kind === 'stage' ? 'login' : action === 'register' ? 'create' : undefined;
    const location = await provider.door(journey, prompt);
    return { location, cookie: sealTravel(journey, this.#ports.seal) };
  }

  /** Undefined when they are in, which `grant` was told. Throws what they are to be told. */
  async comeBack(
    {
      providerId,
      params,
      cookie,
    }: { providerId: string; params: URLSearchParams; cookie: string | undefined },
    grant: Grant,
  ): Promise<NameWanted | undefined> {
    const provider = this.#providerOf(providerId);
    const journey = this.#opened('journey', cookie);
    const isTheirs = journey.id === params.get('state') && journey.providerId === providerId;
    if (!isTheirs) throw over();
    const { goal, id } = journey;
    const vouchedMs = this.#stored.now();
    const known = await provider.whoCame(params, journey);
    const { identity, claims } = known;
    const login = { id, identity, sid: textIn(claims.sid) ?? null, vouchedMs };
    if (goal.kind === 'stage') return this.#prove(login, goal, grant);
    const travel = { ...login, redirectUrl: goal.redirectUrl };
    return this.#settled(login, async (userId) => {
      if (userId !== undefined) return this.#letIn({ userId, travel, more: [] }, grant);
      return this.#letInNew(provider.settings, known, travel, grant);
    });
  }

  /** Undefined when they are in; else why they cannot have that name. Throws where all is over. */
  async name(
    {
      cookie,
      formToken,
      localpart,
    }: { cookie: string | undefined; formToken: string; localpart: string },
    grant: Grant,
  ): Promise<string | undefined> {
    const naming = this.#opened('naming', cookie);
    if (!isSame(naming.formToken, formToken)) throw over();
    const { displayName } = naming;
    return this.#settled(naming, async (already) => {
      if (already !== undefined)
        return this.#letIn({ userId: already, travel: naming, more: [] }, grant);
      try {
        const userId = await this.#ports.accounts.availableUserId(localpart);
        await this.#register({ userId, displayName, travel: naming }, grant);
      } catch (error) {
        if (error instanceof MatrixError && REFUSED_NAMES.has(error.errcode)) return error.message;
        throw error;
      }
      return undefined;
    });
  }

  /** One at a time: a journey lets somebody in once, and two of one person make one account. */
  #settled<T>(login: Login, settle: (userId: UserId | undefined) => Promise<T>): Promise<T> {
    const { database, locks } = this.#stored;
    const { id, vouchedMs } = login;
    const { endedLogins } = this.#ports;
    const byPerson = () =>
      endedLogins.alone(loginOf(login), async () => {
        if (await hasSignInEnded(database, id)) throw over();
        if (await endedLogins.hasEnded(loginOf(login), vouchedMs)) throw loggedOut();
        return settle(await userOfIdentity(database, login.identity));
      });
    // Two persons may come back from one journey, each with a code.
    return locks.run(`sign-in:${id}`, byPerson);
  }

  /** The stage is that of one user: nobody else finishes it, whoever they are at the provider. */
  #prove(
    login: Login,
    goal: Extract<Journey['goal'], { kind: 'stage' }>,
    grant: Grant,
  ): Promise<undefined> {
    return this.#settled(login, async (userId) => {
      if (userId !== goal.userId)
        throw forbidden(`Your provider does not know you as ${goal.userId}`);
      await this.#refuseInactive(userId);
      const { id: sessionId, untilMs: expiresMs } = goal.session;
      const stage = finishedStageRow({ sessionId, stage: 'm.login.sso', proof: '{}', expiresMs });
      const rows = [stage, this.#endRow(login)];
      await commitRows(this.#stored.log, rows, grant({ kind: 'stage' }));
      return undefined;
    });
  }

  /** Whoever is suspended may read, and so come in. */
  async #refuseInactive(userId: UserId): Promise<void> {
    const account = await this.#ports.accounts.get(userId);
    const why = whyNotActive(account && { ...account, suspendedMs: null });
    if (why) throw why;
  }

  async #letInNew(
    settings: ProviderSettings,
    { identity, claims }: Known,
    travel: Travel,
    grant: Grant,
  ): Promise<NameWanted | undefined> {
    const wanted = textIn(claims[settings.claims.localpart]) ?? '';
    const displayName = textIn(claims[settings.claims.displayName]);
    const linked = settings.linksByName ? await this.#accountNamed(wanted, identity) : undefined;
    if (linked !== undefined) {
      const more = [this.#linkRow(identity, linked)];
      return this.#letIn({ userId: linked, travel, more }, grant);
    }
    if (!settings.makesAccounts)
      throw forbidden('You have no account here. Who runs this server can make you one');
    const userId = await this.#free(wanted);
    if (userId === undefined) return this.#nameWanted({ displayName, travel, wanted });
    await this.#register({ userId, displayName, travel }, grant);
    return undefined;
  }

  /**
   * Of those that people have made for themselves: one without a password belongs to somebody else who vouches. Nor one
   * that is a person's of this provider already: names are given anew there, when somebody has left.
   */
  async #accountNamed(
    localpart: string,
    { issuer }: UpstreamIdentity,
  ): Promise<UserId | undefined> {
    if (localpart.startsWith('@')) return undefined;
    const userId = this.#ports.accounts.localUserId(localpart);
    const account = userId && (await this.#ports.accounts.get(userId));
    if (!account || account.passwordHash === null) return undefined;
    const issuers = await issuersOf(this.#stored.database, account.userId);
    return issuers.includes(issuer) ? undefined : account.userId;
  }

  async #free(localpart: string): Promise<UserId | undefined> {
    try {
      return await this.#ports.accounts.availableUserId(localpart);
    } catch (error) {
      if (error instanceof MatrixError && REFUSED_NAMES.has(error.errcode)) return undefined;
      throw error;
    }
  }

  #nameWanted(wish: {
    displayName: string | undefined;
    travel: Travel;
    wanted: string;
  }): NameWanted {
    const { displayName, travel, wanted } = wish;
    const naming: Naming = {
      ...{ kind: 'naming', ...travel, displayName, formToken: chance() },
      untilMs: this.#stored.now() + JOURNEY_MS,
    };
    const suggested = wanted.toLowerCase().replaceAll(/[^a-z0-9._=/+-]/g, '');
    const { formToken } = naming;
    return { suggested, formToken, cookie: sealTravel(naming, this.#ports.seal) };
  }

  async #register(
    wish: { userId: UserId; displayName: string | undefined; travel: Travel },
    grant: Grant,
  ): Promise<void> {
    const { userId, displayName, travel } = wish;
    const { redirectUrl, identity } = travel;
    const { token: loginToken, row } = newLoginToken(userId, this.#stored.now(), loginOf(travel));
    const rows = [this.#linkRow(identity, userId), this.#endRow(travel), row];
    const outcome = () => grant({ kind: 'token', loginToken, redirectUrl, userId });
    await this.#ports.registrations.registerVouchedFor({ userId, displayName }, rows, { outcome });
  }

  async #letIn(
    { userId, travel, more }: { userId: UserId; travel: Travel; more: readonly Row[] },
    grant: Grant,
  ): Promise<undefined> {
    const { locks, log, now } = this.#stored;
    const { redirectUrl } = travel;
    await locks.run(lockOf(userId), async () => {
      await this.#refuseInactive(userId);
      const { token: loginToken, row } = newLoginToken(userId, now(), loginOf(travel));
      const outcome = grant({ kind: 'token', loginToken, redirectUrl, userId });
      await commitRows(log, [...more, this.#endRow(travel), row], outcome);
    });
    return undefined;
  }

  #linkRow(identity: UpstreamIdentity, userId: UserId): Row {
    return upstreamIdentityRow(identity, { userId, linkedMs: this.#stored.now() });
  }

  /** For as long as a cookie of the journey may come again: it was left before now, and a name was asked for since. */
  #endRow({ id }: Pick<Travel, 'id'>): Row {
    return endedSignInRow({ id, expiresMs: this.#stored.now() + 2 * JOURNEY_MS });
  }

  #providerOf(providerId: string): Provider {
    const provider = this.#ports.providers.get(providerId);
    if (!provider) throw notFound('This server knows no such provider');
    return provider;
  }

  #opened<K extends 'journey' | 'naming'>(kind: K, cookie: string | undefined) {
    const travel = openTravel(cookie, {
      ...{ kind, nowMs: this.#stored.now(), seal: this.#ports.seal },
    });
    if (!travel) throw over();
    return travel;
  }
}

/** Somebody came back by a login at their provider. */
type Login = Pick<Naming, 'id' | 'identity' | 'sid' | 'vouchedMs'>;
type Travel = Login & Pick<Naming, 'redirectUrl'>;

const loginOf = ({ identity, sid }: Login): UpstreamSession => ({ ...identity, sid });

const REFUSED_NAMES: ReadonlySet<string> = new Set([
  ...['M_INVALID_USERNAME', 'M_USER_IN_USE', 'M_EXCLUSIVE'],
]);

const over = () =>
  invalidParam(
    'Your way to this page is over, or did not begin in this browser. Go back to your app, and begin again',
  );

const loggedOut = () =>
  forbidden('Your provider has logged you out since. Go back to your app, and begin again');

/** 256 bits, as PKCE has it (RFC 7636, section 4.1). */
const chance = (): string => randomBytes(32).toString('base64url');

const NAME_BYTES_MAX = 255;

const textIn = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim !== '' && Buffer.byteLength(claim) <= NAME_BYTES_MAX
    ? claim
    : undefined;

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
