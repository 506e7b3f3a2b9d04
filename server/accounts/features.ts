import type { Stored } from '../log/stored.ts';
import type { AppService } from '../protocol/app-service.ts';
import type { OnDevice } from '../protocol/caller.ts';
import type { ServerName, UserId } from '../protocol/identifiers.ts';
import type { UiaFlows } from '../protocol/interactive-auth.ts';
import type { Terms } from '../protocol/terms.ts';
import type { ValidationPurpose } from '../storage/accounts/validations.ts';
import { AccountData } from './account-data.ts';
import { AccountList } from './account-list.ts';
import { Accounts } from './accounts.ts';
import { Audit } from './audit.ts';
import { Deactivation } from './deactivation.ts';
import { Devices } from './devices.ts';
import type { Directory } from './directory.ts';
import {
  type EmailSettings,
  EmailValidations,
  type ValidationCredentials,
} from './email-validations.ts';
import { Erasures } from './erasures.ts';
import { Filters } from './filters.ts';
import { FinishedStages } from './finished-stages.ts';
import { interactiveAuth } from './interactive-auth.ts';
import { LastSeen, type Visit } from './last-seen.ts';
import { LoginTokens } from './login-tokens.ts';
import { Logins } from './logins.ts';
import { Moderation } from './moderation.ts';
import { OpenIdTokens } from './open-id-tokens.ts';
import { OwnRates } from './own-rates.ts';
import type { PasswordCost } from './password-hash.ts';
import { PasswordLogins } from './password-logins.ts';
import { PasswordTries, type TryLimits } from './password-tries.ts';
import { Passwords } from './passwords.ts';
import { Profiles } from './profiles.ts';
import { PushRules } from './push-rules.ts';
import { Pushers } from './pushers.ts';
import { RegistrationTokens } from './registration-tokens.ts';
import { Registrations } from './registrations.ts';
import { Reports } from './reports.ts';
import { Sessions } from './sessions.ts';
import { SharedSecret } from './shared-secret.ts';
import { StagesInBrowser } from './stages-in-browser.ts';
import { ThirdPartyIds } from './third-party-ids.ts';
import { UserDirectory } from './user-directory.ts';
import { waysToProve } from './ways-to-prove.ts';

export interface AccountFeatureOptions {
  readonly serverName: ServerName;
  /** Of the cluster: what one writer sealed with it the next one must open. */
  readonly secret: Buffer;
  /** By which whoever knows it may make accounts. */
  readonly registrationSecret?: string | undefined;
  /** Of access tokens that come with a refresh token. */
  readonly accessTokenLifeMs: number;
  readonly passwordCost?: PasswordCost;
  readonly appServices?: readonly AppService[];
  /** To which people agree who make an account. */
  readonly terms?: Terms | undefined;
  /** Undefined where no e-mails are sent. */
  readonly email?: EmailSettings | undefined;
  /** Undefined where everybody is known here. */
  readonly directory?: Directory | undefined;
  /** By whom people sign in. */
  readonly issuers?: readonly string[];
  readonly tryLimits: TryLimits;
  /** Of what nobody waits for. */
  readonly onError: (error: unknown) => void;
}

export type AccountFeatures = ReturnType<typeof accountFeatures>;
export type AccountPorts = AccountFeatures['ports'];

const LAST_SEEN_WRITTEN_EVERY_MS = 10_000;

/** Everything of this folder, put together. */
export function accountFeatures(stored: Stored, options: AccountFeatureOptions) {
  const sessions = new Sessions(stored, options);
  const lastSeen = new LastSeen(stored);
  const writing = setInterval(
    () => void lastSeen.write().catch(options.onError),
    LAST_SEEN_WRITTEN_EVERY_MS,
  ).unref();
  const devices = new Devices(stored);
  const registrationTokens = new RegistrationTokens(stored);
  const emailValidations = new EmailValidations(stored, options.secret, options.email);
  const thirdPartyIds = new ThirdPartyIds(stored, emailValidations);
  const parts = { sessions, devices, registrationTokens };
  const people = accountsAndLogins(stored, parts, options);
  const { accounts, passwordLogins } = people;
  const accountData = new AccountData(stored);
  const finished = new FinishedStages(stored);
  const passwordTries = new PasswordTries(stored, options.tryLimits);
  const asked = { accounts, passwordLogins, registrationTokens, passwordTries, emailValidations };
  const stages = stagePorts(asked, stored, options);
  const ports = {
    ...{ ...people, sessions, devices },
    deactivation: new Deactivation(stored, devices),
    registrationTokens,
    passwordTries,
    emailValidations,
    thirdPartyIds,
    accountData,
    accountList: new AccountList(stored),
    audit: new Audit(stored),
    sharedSecret: new SharedSecret(options.registrationSecret, { ...options, now: stored.now }),
    moderation: new Moderation(stored, options),
    ownRates: new OwnRates(stored),
    loginTokens: new LoginTokens(stored, sessions),
    openIdTokens: new OpenIdTokens({
      ...options,
      accountOf: (userId) => accounts.get(userId),
      now: stored.now,
    }),
    pushRules: new PushRules(accountData),
    profiles: new Profiles(stored),
    erasures: new Erasures(stored),
    filters: new Filters(stored),
    stagesInBrowser: new StagesInBrowser({
      ...{ ...stages, finished },
      refuseLocked: (userId) => accounts.refuseLocked(userId),
    }),
    pushers: new Pushers(stored),
    reports: new Reports(stored),
    userDirectory: new UserDirectory(stored.database),
    lastSeen,
  };
  return {
    ports,
    /** At once for a token that was used lately; the device is then known to be alive. */
    authenticate(
      accessToken: string,
      visit: Visit,
    ): OnDevice | (() => Promise<OnDevice | undefined>) {
      const found = sessions.authenticate(accessToken);
      if (typeof found !== 'function') return noted(lastSeen, found, visit);
      return async () => noted(lastSeen, await found(), visit);
    },
    interact: interactiveAuth({ ...stages, ...provingPorts(stored, options, finished) }),
    close: () => clearInterval(writing),
  };
}

function accountsAndLogins(
  stored: Stored,
  parts: { sessions: Sessions; devices: Devices; registrationTokens: RegistrationTokens },
  options: AccountFeatureOptions,
) {
  const { directory, email, passwordCost } = options;
  const accounts = new Accounts(stored.database, options);
  const keeping = { accounts, devices: parts.devices, post: email?.post };
  const passwords = new Passwords(stored, keeping, passwordCost);
  const making = { ...parts, accounts, passwords };
  const registrations = new Registrations(stored, making);
  const logins = new Logins(stored, making);
  const ways = { accounts, logins, passwords, registrations };
  return { ...ways, passwordLogins: new PasswordLogins(ways, stored, directory) };
}

interface Asked {
  readonly accounts: Accounts;
  readonly passwordLogins: PasswordLogins;
  readonly registrationTokens: RegistrationTokens;
  readonly passwordTries: PasswordTries;
  readonly emailValidations: EmailValidations;
}

/** What interactive auth asks of accounts, in a client and in a browser. */
const stagePorts = (
  { accounts, passwordLogins, registrationTokens, passwordTries, emailValidations }: Asked,
  { now }: Stored,
  { secret, terms }: AccountFeatureOptions,
) => ({
  hasPassword: (userId: UserId, password: string) => passwordLogins.hasPassword(userId, password),
  localUserId: (text: string) => accounts.localUserId(text),
  isValidRegistrationToken: (token: string) => registrationTokens.isValid(token),
  isValidated: async (purpose: ValidationPurpose, by: ValidationCredentials) =>
    (await emailValidations.validated(purpose, by)) !== undefined,
  ...{ passwordTries, secret, now, terms },
});

const provingPorts = (
  { database }: Stored,
  { issuers = [] }: AccountFeatureOptions,
  finished: FinishedStages,
) => ({
  finishedIn: (id: string) => finished.of(id),
  waysOf: (flows: UiaFlows, userId: UserId) => waysToProve(flows, userId, { database, issuers }),
});

function noted<C extends OnDevice | undefined>(lastSeen: LastSeen, caller: C, visit: Visit): C {
  if (caller) lastSeen.note(caller, visit);
  return caller;
}
