import type { UserId } from '../protocol/identifiers.ts';
import type { Row } from '../storage/write.ts';
import type { EmailAddress } from './email-address.ts';

/** What is written to people. */
export type Letter =
  | { readonly kind: 'confirm-registration'; readonly sid: string }
  | { readonly kind: 'confirm-address'; readonly sid: string }
  | { readonly kind: 'confirm-reset'; readonly sid: string; readonly userId: UserId }
  /** Somebody wanted to begin with an address that is in use. */
  | { readonly kind: 'address-in-use'; readonly userId: UserId }
  /** Somebody wanted a new password for an address by which nobody is known. */
  | { readonly kind: 'no-account' }
  | { readonly kind: 'password-changed'; readonly userId: UserId };

/** What sends e-mails: mail/ has it, where the operator has said by which server. */
export interface Post {
  /** To be put in the change of what it tells of. */
  row(recipient: EmailAddress, letter: Letter): Row;
  /** Behind that change. */
  wake(): void;
  /** In place of a letter that is not sent: their next ones are counted as if it were. */
  withheldRow(recipient: EmailAddress): Row;
  /**
   * How long nothing may be written to them that a stranger can ask for; 0 for not at all. `ofKept`: out of what is kept for those who have
   * an account. By one at a time, up to the commit of the row.
   */
  waitMs(recipient: EmailAddress, of?: { ofKept: boolean }): Promise<number>;
}
