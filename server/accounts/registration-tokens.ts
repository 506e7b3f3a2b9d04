import { randomBytes } from 'node:crypto';
import type { Stored } from '../log/stored.ts';
import {
  allRegistrationTokens,
  type RegistrationToken,
  registrationToken,
  registrationTokenRow,
} from '../storage/accounts/registration-tokens.ts';
import type { Row } from '../storage/write.ts';

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
    wish: { token?: string; usesAllowed?: number; expiresMs?: number } = {},
  ): Promise<RegistrationToken> {
    const token: RegistrationToken = {
      token: wish.token ?? randomBytes(15).toString('base64url'),
      usesAllowed: wish.usesAllowed ?? null,
      usesCompleted: 0,
      expiresMs: wish.expiresMs ?? null,
      createdMs: this.#stored.now(),
    };
    await this.#stored.log.commit(() => ({
      change: { rows: [registrationTokenRow(token)], records: [], touches: [] },
      value: undefined,
    }));
    return token;
  }

  async isValid(text: string): Promise<boolean> {
    const token = await registrationToken(this.#stored.database, text);
    return token !== undefined && this.#mayBeUsed(token);
  }

  /**
   * Holds the token while `work` registers with it, and hands over the row that counts the use.
   * Undefined if the token is not valid any more: another one may have been quicker.
   */
  use<T>(text: string, work: (row: Row) => Promise<T>): Promise<T | undefined> {
    return this.#stored.locks.run(`registration-token:${text}`, async () => {
      const token = await registrationToken(this.#stored.database, text);
      if (!token || !this.#mayBeUsed(token)) return undefined;
      return work(registrationTokenRow({ ...token, usesCompleted: token.usesCompleted + 1 }));
    });
  }

  #mayBeUsed({ usesAllowed, usesCompleted, expiresMs }: RegistrationToken): boolean {
    const isLeft = usesAllowed === null || usesCompleted < usesAllowed;
    return isLeft && (expiresMs === null || this.#stored.now() < expiresMs);
  }
}
