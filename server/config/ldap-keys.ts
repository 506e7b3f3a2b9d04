import { FilterParser } from 'ldapts';
import { z } from 'zod';
import { several } from './several.ts';

const ATTRIBUTE = /^[a-z][a-z0-9-]*$/i;
const attribute = (preset: string) =>
  z.string().regex(ATTRIBUTE, 'must be the name of an attribute').default(preset);

function isFilter(text: string): boolean {
  try {
    FilterParser.parseString(text);
    return true;
  } catch {
    return false;
  }
}

export const ldap = z
  .strictObject({
    urls: several(
      (text) => /^ldaps?:\/\/[^/\s]+\/?$/.test(text),
      'URLs such as ldap://HOST:PORT',
    ).describe(
      'Where the directory is, as ldap://HOST or ldaps://HOST, with commas between several: the first that answers is asked.',
    ),
    security: z
      .enum(['starttls', 'none'])
      .default('starttls')
      .describe('Of ldap://; `none` lets passwords be read on the way, and is for tests.'),
    ca: z
      .string()
      .optional()
      .describe('PEM file with the authorities by which it is known. Else those of the system.'),
    bindDn: z.string().min(1).optional().describe('Who may look people up. Else nobody asks.'),
    bindPasswordFile: z.string().optional().describe('File with the password for that.'),
    base: z
      .string()
      .min(1)
      .describe('Below which entry people are, such as ou=people,dc=example,dc=org.'),
    filter: z
      .string()
      .refine(isFilter, 'must be a filter of LDAP such as (objectClass=person)')
      .default('(objectClass=person)')
      .describe(
        'Which of them may log in, such as (memberOf=cn=matrix,ou=groups,dc=example,dc=org).',
      ),
    localpartAttribute: attribute('uid').describe('What stands before the colon of a user id.'),
    nameAttribute: attribute('cn').describe('What others see at first.'),
    mailAttribute: attribute('mail').describe('The address by which somebody is known, too.'),
  })
  .optional();

export type LdapKeys = z.output<typeof ldap>;
