import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Parsed } from '../protocol/identifiers.ts';

/** An address as it is kept, compared and written to. */
export type EmailAddress = string & { readonly __brand: 'EmailAddress' };

const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LOCAL_PART = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`);
const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$/;
const LOCAL_PART_MAX = 64;
const ADDRESS_MAX = 254;

/**
 * One form for all the ways to write it: lower case, the domain as DNS has it. No server of today tells
 * `A@` from `a@`, and whoever did would let one person pass for another. Of what RFC 5322 allows nothing
 * is taken that needs quotes, comments or Unicode before the `@`: nobody's address, but everybody's header injection.
 */
export function parseEmailAddress(text: string): Parsed<EmailAddress> {
  const at = text.lastIndexOf('@');
  const [localPart, domain] = [lowerCase(text.slice(0, at)), domainOf(text.slice(at + 1))];
  const address = `${localPart}@${domain}`;
  const isOne =
    at > 0 &&
    LOCAL_PART.test(localPart) &&
    localPart.length <= LOCAL_PART_MAX &&
    DOMAIN.test(domain) &&
    isIP(domain) === 0 &&
    address.length <= ADDRESS_MAX;
  return isOne
    ? { ok: true, value: address as EmailAddress }
    : { ok: false, reason: 'This is no e-mail address such as name@example.org' };
}

/** What a URL would have behind a host is not left out in silence. */
const domainOf = (text: string) => (/[%/?#\\:@\s]/.test(text) ? '' : domainToASCII(text));

/** Of ASCII alone: other letters have lower forms that are others' ASCII. */
const lowerCase = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
