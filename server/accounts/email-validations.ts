import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import { invalidParam, MatrixError, refuseWhoMustWait } from '../protocol/matrix-error.ts';
import { thirdPartyId } from '../storage/accounts/third-party-ids.ts';
import {
  type Validation,
  type ValidationPurpose,
  validation,
  validationAskedFor,
  validationRow,
} from '../storage/accounts/validations.ts';
import type { Row } from '../storage/write.ts';
import type { EmailAddress } from './email-address.ts';
import type { Letter, Post } from './post.ts';
import { isValidationToken } from './validation-token.ts';

export interface EmailSettings {
  readonly post: Post;
  /** Where a browser may be sent on to, by host. */
  readonly nextLinkHosts: readonly string[];
  /** Whether an account can be made without an address. */
  readonly isRequired: boolean;
}

export interface ValidationAsked {
  readonly purpose: ValidationPurpose;
  readonly address: EmailAddress;
  readonly clientSecret: string;
  readonly sendAttempt: number;
  readonly nextLink: string | undefined;
}

/** By which a client names the session that it has begun. */
export interface ValidationCredentials {
  readonly sid: string;
  readonly clientSecret: string;
}

/** Also how long what was validated can be used. */
const LIFE_MS = 60 * 60_000;

/** Addresses that people say are theirs, and what only who reads their mail can say. */
export class EmailValidations {
  readonly #stored: Stored;
  readonly #secret: Buffer;
  readonly #settings: EmailSettings | undefined;

  constructor(stored: Stored, secret: Buffer, settings: EmailSettings | undefined) {
    this.#stored = stored;
    this.#secret = secret;
    this.#settings = settings;
  }

  /** Whether this server sends any. */
  get isOn(): boolean {
    return this.#settings !== undefined;
  }

  get isRequired(): boolean {
    return this.#settings?.isRequired ?? false;
  }

  /**
   * Resolves with the session's id when it is sure that an e-mail will be sent. One goes out in each case, since
   * what is answered, and how often it may be asked, tells nobody whether there is an account by this address:
   * that is only in the mail.
   */
  async begin(asked: ValidationAsked): Promise<string> {
    const { post, nextLinkHosts } = this.#settings ?? refuse();
    const { database, locks, log, now } = this.#stored;
    return locks.run(addressLockOf(asked.address), async () => {
      const before = await validationAskedFor(database, askedForBy(asked), now());
      if (before && isKnown(before, asked)) return before.sid;
      const sid = before?.sid ?? randomBytes(18).toString('base64url');
      const nextLink = allowed(asked.nextLink, nextLinkHosts);
      const begun = { ...begunBy(asked), sid, nextLink, expiresMs: now() + LIFE_MS };
      // Whoever is counted at once with others would go beyond what all may.
      await locks.run(COUNT_LOCK, async () =>
        commitRows(log, [validationRow(begun), await this.#counted(asked, sid, post)]),
      );
      post.wake();
      return sid;
    });
  }

  /**
   * The row of its letter. Where strangers have used up what is theirs, what is kept is for resets by who has an account: others that
   * ask for one are answered alike, and sent nothing.
   */
  async #counted(asked: ValidationAsked, sid: string, post: Post): Promise<Row> {
    const { address, purpose } = asked;
    const letter = await this.#letterFor(asked, sid);
    const waitMs = await post.waitMs(address);
    if (waitMs === 0) return post.row(address, letter);
    const ofKept = { ofKept: true };
    refuseWhoMustWait(purpose === 'reset' ? await post.waitMs(address, ofKept) : waitMs);
    return letter === NO_ACCOUNT ? post.withheldRow(address) : post.row(address, letter);
  }

  /** Of whoever has the link. Undefined where it is over, or not ours. */
  async byToken({ sid, token }: { sid: string; token: string }): Promise<Validation | undefined> {
    if (!isValidationToken(token, sid, this.#secret)) return undefined;
    return validation(this.#stored.database, sid, this.#stored.now());
  }

  /** Undefined as there. A repeat changes nothing. */
  async confirm(link: { sid: string; token: string }): Promise<Validation | undefined> {
    const { locks, log, now } = this.#stored;
    const seen = await this.byToken(link);
    if (!seen) return undefined;
    return locks.run(addressLockOf(seen.address), async () => {
      const begun = await this.byToken(link);
      if (!begun || begun.validatedMs !== null) return begun;
      const validated = { ...begun, validatedMs: now(), expiresMs: now() + LIFE_MS };
      await commitRows(log, [validationRow(validated)]);
      return validated;
    });
  }

  /** That of a client which knows its secret, when its address has been confirmed for this. */
  async validated(
    purpose: ValidationPurpose,
    { sid, clientSecret }: ValidationCredentials,
  ): Promise<Validation | undefined> {
    const found = await this.stillValidated(purpose, sid);
    const isTheirs = found && timingSafeEqual(found.secretHash, sha256(clientSecret));
    return isTheirs ? found : undefined;
  }

  /** The same where it is proved already who asks. */
  async stillValidated(purpose: ValidationPurpose, sid: string): Promise<Validation | undefined> {
    const { database, now } = this.#stored;
    const found = await validation(database, sid, now());
    return found?.purpose === purpose && found.validatedMs !== null ? found : undefined;
  }

  async #letterFor({ purpose, address }: ValidationAsked, sid: string): Promise<Letter> {
    const holder = await thirdPartyId(this.#stored.database, { medium: 'email', address });
    if (purpose === 'reset')
      return holder ? { kind: 'confirm-reset', sid, userId: holder.userId } : NO_ACCOUNT;
    if (holder) return { kind: 'address-in-use', userId: holder.userId };
    return { kind: purpose === 'register' ? 'confirm-registration' : 'confirm-address', sid };
  }
}

/** Held until what was read under it is committed: who has an address, and what is known of it. */
export const addressLockOf = (address: string): string => `third-party-id:email:${address}`;

const COUNT_LOCK = 'mails: count';

const NO_ACCOUNT: Letter = { kind: 'no-account' };

const refuse = (): never => {
  throw new MatrixError(
    400,
    'M_THREEPID_MEDIUM_NOT_SUPPORTED',
    'This server sends no e-mails and no text messages',
  );
};

/** "Only if the send_attempt is greater than the most recent one" is anything sent. */
const isKnown = (before: Validation, { sendAttempt }: ValidationAsked): boolean =>
  sendAttempt <= before.sendAttempt || before.validatedMs !== null;

const begunBy = (asked: ValidationAsked) => ({
  ...{ purpose: asked.purpose, address: asked.address, sendAttempt: asked.sendAttempt },
  ...{ askedFor: askedForBy(asked), secretHash: sha256(asked.clientSecret), validatedMs: null },
});

const askedForBy = ({ purpose, clientSecret, address }: ValidationAsked): Buffer =>
  sha256([purpose, clientSecret, address].join('\0'));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Else everybody could send people from a page of ours to one of theirs. Where it is not allowed our own page is the end. */
function allowed(nextLink: string | undefined, hosts: readonly string[]): string | null {
  if (nextLink === undefined) return null;
  if (!URL.canParse(nextLink)) throw invalidParam('next_link is no URL');
  const { protocol, host } = new URL(nextLink);
  return /^https?:$/.test(protocol) && hosts.includes(host) ? nextLink : null;
}
