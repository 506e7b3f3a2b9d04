import { AddressRefused } from '../../outward/address-guard.ts';
import type { Finding } from './finding.ts';

type Told = Pick<Finding, 'said' | 'must'>;

/** Why nobody answers at a host and port, by the error of the connection. */
export function failureAt(where: string, error: unknown): Told {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const told = KINDS.find(({ is }) => is.test(code));
  if (error instanceof AddressRefused)
    return {
      said: `${where}: ${message}`,
      must: { who: 'this_server', what: 'name the network in federation.allowNetworks, or not' },
    };
  if (isTimeOut(error)) return { ...SILENT, said: `${where} says nothing in its time` };
  if (told) return { ...told.told, said: `${where}: ${told.said} (${code})` };
  return {
    said: `${where}: ${message}`,
    must: { who: 'other_server', what: 'look at what listens there: it is no HTTPS server' },
  };
}

/** Why it is not known whether there are SRV records of a name. */
export const unresolved = (name: string, { code }: NodeJS.ErrnoException): Told => ({
  ...NAMES_UNANSWERED.told,
  said: `${name}: ${NAMES_UNANSWERED.said} (${code})`,
});

const isTimeOut = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'TimeoutError';

const theyMust = (what: string): Pick<Finding, 'must'> => ({ must: { who: 'other_server', what } });

const SILENT = theyMust(
  'open that port to the Internet; where other servers reach it, the operator of this one must let its sites out to that port',
);

interface Kind {
  readonly is: RegExp;
  readonly said: string;
  readonly told: Pick<Finding, 'must'>;
}

const NAMES_UNANSWERED: Kind = {
  is: /^(?:EAI_AGAIN|ESERVFAIL|ETIMEOUT)$/,
  said: 'no name server answers for it',
  told: {
    must: {
      who: 'this_server',
      what: 'see that names are resolved at this site; where others are, it is for the other operator to mend their DNS',
    },
  },
};

const KINDS: readonly Kind[] = [
  {
    is: /^ENOTFOUND$/,
    said: 'the name servers know no address of it',
    told: theyMust('give that name an address in their DNS'),
  },
  NAMES_UNANSWERED,
  {
    is: /^ECONNREFUSED$/,
    said: 'nobody listens there',
    told: theyMust('start what listens at that port, or let their name lead to where it is'),
  },
  {
    is: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/,
    said: 'no connection comes about',
    told: SILENT,
  },
  {
    is: /^CERT_HAS_EXPIRED$/,
    said: 'its certificate has ended',
    told: theyMust('renew the certificate'),
  },
  {
    is: /^CERT_NOT_YET_VALID$/,
    said: 'its certificate has not begun',
    told: theyMust('look at the certificate; or the clock of this site is wrong'),
  },
  {
    is: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    said: 'its certificate is of another name',
    told: theyMust('show a certificate of that name'),
  },
  {
    is: /SELF_SIGNED|UNABLE_TO|UNTRUSTED|CERT_/,
    said: 'its certificate is of no authority that is trusted here',
    told: theyMust(
      'have one of an authority that everybody trusts, with those between; where it is an authority of their own, the operator of this server names it in federation.ca',
    ),
  },
];
