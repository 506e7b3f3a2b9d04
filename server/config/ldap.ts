import { ConfigError } from './config-error.ts';
import type { LdapKeys } from './ldap-keys.ts';
import { readFileOf, readPasswordOf } from './named-files.ts';

export type LdapConfig = NonNullable<ReturnType<typeof ldapOf>>;

/** Undefined where people are known here alone. What lies in files is read at the start: throws ConfigError, who must do what. */
export function ldapOf(ldap: LdapKeys) {
  if (ldap === undefined) return undefined;
  const { urls, security, base, filter } = ldap;
  return {
    ...{ urls, security, base, filter },
    ca: ldap.ca === undefined ? undefined : readFileOf('ldap.ca', ldap.ca),
    bind: bindOf(ldap),
    attributes: {
      ...{ localpart: ldap.localpartAttribute, name: ldap.nameAttribute, mail: ldap.mailAttribute },
    },
  };
}

function bindOf({ bindDn: dn, bindPasswordFile: file }: NonNullable<LdapKeys>) {
  if (dn === undefined && file === undefined) return undefined;
  if (dn === undefined || file === undefined)
    throw new ConfigError(
      'The keys "ldap.bindDn" and "ldap.bindPasswordFile" belong together: give both, or neither where everybody may look people up.',
    );
  const password = readPasswordOf('ldap.bindPasswordFile', file);
  if (password !== '') return { dn, password };
  throw new ConfigError(
    `The file ${file} of the key "ldap.bindPasswordFile" is empty: a directory takes an empty password for nobody's. Write the password into it.`,
  );
}
