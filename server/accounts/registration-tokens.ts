import { randomBytes } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { OutcomeRow } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import {
  allRegistrationTokens,
  type RegistrationToken,
  registrationToken,
  registrationTokenGoneRow,
  registrationTokenRow,
} from '../storage/accounts/registration-tokens.ts';
import type { Row } from '../storage/write.ts';

export type { RegistrationToken } from '../storage/accounts/registration-tokens.ts';

export interface TokenWish {
  readonly token?: string | undefined;
  /** Of one that is made up. */
  readonly length?: number;
  readonly usesAllowed?: number | null | undefined;
  readonly expiresMs?: number | null | undefined;
}

/** Tokens that let people register (`m.login.registration_token`). */
export class RegistrationTokens {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  list(): Promise<readonly RegistrationToken[]> {
    return allRegistrationTokens(this.#stored.database);
  }

  /** Without a limit or an end unless told. */
  async create(
    wish: TokenWish = {},
    outcomeOf: (token: RegistrationToken) => OutcomeRow | undefined = () => undefined,
  ): Promise<RegistrationToken> {
    const token: RegistrationToken = {
      token:
        wish.token ??
        randomBytes(48)
          .toString('base64url')
          .slice(0, wish.length ?? 20),
      usesAllowed: wish.usesAllowed ?? null,
      usesCompleted: 0,
      expiresMs: wish.expiresMs ?? null,
      createdMs: this.#stored.now(),
    };
    await this.#commit(registrationTokenRow(token), outcomeOf(token));
    return token;
  }

  get(text: string): Promise<RegistrationToken | undefined> {
    return registrationToken(this.#stored.database, text);
  }

  /** Undefined if there is no such token. */
  change(
    text: string,
    edit: (token: RegistrationToken) => RegistrationToken,
  ): Promise<RegistrationToken | undefined> {
    return this.#stored.locks.run(tokenLockOf(text), async () => {
      const before = await this.get(text);
      if (!before) return undefined;
      const after = edit(before);
      await this.#commit(registrationTokenRow(after));
      return after;
    });
  }

  async delete(text: string, outcome: OutcomeRow | undefined): Promise<boolean> {
    return this.#stored.locks.run(tokenLockOf(text), async () => {
      if (!(await this.get(text))) return false;
      await this.#commit(registrationTokenGoneRow(text), outcome);
      return true;
    });
  }

  async isValid(text: string): Promise<boolean> {
    const token = await registrationToken(this.#stored.database, text);
    return token !== undefined && this.mayBeUsed(token);
  }

  /**
   * Holds the token while `work` registers with it, and hands over the row that counts the use.
   * Undefined if the token is not valid any more: another one may have been quicker.
   */
  use<T>(text: string, work: (row: Row) => Promise<T>): Promise<T | undefined> {
    return this.#stored.locks.run(tokenLockOf(text), async () => {
      const token = await registrationToken(this.#stored.database, text);
      if (!token || !this.mayBeUsed(token)) return undefined;
      return work(registrationTokenRow({ ...token, usesCompleted: token.usesCompleted + 1 }));
    });
  }

  async #commit(row: Row, outcome?: OutcomeRow): Promise<void> {
    await commitRows(this.#stored.log, [row], outcome);
  }

  mayBeUsed({ usesAllowed, usesCompleted, expiresMs }: RegistrationToken): boolean {
    const isLeft = usesAllowed === null || usesCompleted < usesAllowed;
    return isLeft && (expiresMs === null || this.#stored.now() < expiresMs);
  }
}

const tokenLockOf = (text: string): string => `registration-token:${text}`;
